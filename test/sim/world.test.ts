/**
 * Goal: the whole holds under faults, and a seed means one world. Method: worlds that once
 * failed, with every class of fault; `npm run sim -- --seed N` makes them again.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultClasses } from '#sim/faults.ts';
import { worldParts } from '#sim/parts.ts';
import { runWorld, type WorldOptions } from '#sim/world.ts';

const base: Omit<WorldOptions, 'seed'> = {
  regions: 3,
  tenants: 2,
  faultModel: 'crash',
  durationMs: 130_000,
  faults: faultClasses,
  signer: 'fake',
};

const pinned = JSON.parse(
  readFileSync(new URL('../../sim/seeds.json', import.meta.url), 'utf8'),
) as { seeds: readonly { seed: number; why: string }[] };

for (const { seed, why } of pinned.seeds) {
  test(`no invariant breaks in the world of seed ${seed}, in which once ${why}`, async () => {
    const result = await runWorld({ ...base, seed }, worldParts);
    expect(result.violations).toEqual([]);
    expect(result.decisions).toBeGreaterThanOrEqual(20);
    expect(result.simulatedSeconds).toBeGreaterThanOrEqual(120);
    expect(result.faults.crash).toBeGreaterThan(0);
  });
}

test('a seed makes the same world twice, byte for byte, and another seed another one', async () => {
  const hashOf = async (seed: number) => {
    const lines: string[] = [];
    const options = {
      ...base,
      seed,
      durationMs: 40_000,
      onTrace: (line: string) => lines.push(line),
    };
    const { traceHash } = await runWorld(options, worldParts);
    return { traceHash, lines };
  };
  const first = await hashOf(11);
  expect(await hashOf(11)).toEqual(first);
  expect((await hashOf(12)).traceHash).not.toBe(first.traceHash);
});

test('without faults nothing is lost and everything ends', async () => {
  const result = await runWorld({ ...base, seed: 3, faults: [] }, worldParts);
  expect(result.violations).toEqual([]);
  expect(Object.values(result.faults).every((count) => count === 0)).toBe(true);
  expect(result.decisions).toBeGreaterThanOrEqual(20);
});
