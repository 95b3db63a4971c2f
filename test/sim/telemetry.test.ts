import { expect, test } from 'vitest';
import type { TelemetryBatch } from '#fabric/ports.ts';
import { Agenda, NodeClock, worldBegins } from '#sim/clock.ts';
import { drain } from '#sim/drain.ts';
import { Seed } from '#sim/seed.ts';
import { Scenery } from '#sim/telemetry.ts';

const targets = ['tenant-1/api', 'tenant-1/db'];

async function readAll(scenery: Scenery, region: string, offset: string | null) {
  const agenda = new Agenda();
  const source = scenery.sourceOf(region, new NodeClock(agenda, region));
  const batches: TelemetryBatch[] = [];
  let isDone = false;
  void (async () => {
    for await (const batch of source.open(offset)) batches.push(batch);
    isDone = true;
  })();
  while (!isDone) {
    await drain();
    agenda.next(worldBegins + 1_000_000)?.run?.();
  }
  return batches;
}

test('a region that reads again after an offset reads the same', async () => {
  const scenery = new Scenery(new Seed(3), targets, 20);
  const all = await readAll(scenery, 'east', null);
  expect(all).toHaveLength(20);
  expect(await readAll(scenery, 'east', '12')).toEqual(all.slice(12));
});

test('regions see the same service at about the same level and not the same values', async () => {
  const scenery = new Scenery(new Seed(3), targets, 5);
  const [east] = await readAll(scenery, 'east', null);
  const [west] = await readAll(scenery, 'west', null);
  const pairs = (east?.points ?? []).map((point, index) => [point, west?.points[index]] as const);
  expect(pairs.length).toBeGreaterThan(1000);
  expect(pairs.every(([a, b]) => a.metric === b?.metric && a.at === b.at)).toBe(true);
  expect(pairs.some(([a, b]) => a.value !== b?.value)).toBe(true);
});
