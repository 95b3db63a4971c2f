import { expect, test } from 'vitest';
import { digestOf, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { journalTarget, journalTenant, versionOf } from '#protocols/ids.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import { admits } from '#regions/bench.ts';
import { federation } from '#test/support/federation-fixture.ts';
import { op, RegionWorld, type RegionWorldOptions, target } from '#test/support/region.ts';

const instance = { tenant: 'shop', target, version: versionOf(1, 1) };

/** `eu` runs and judges; the test speaks for `us`, which puts something forward. */
async function judging(options: RegionWorldOptions = {}) {
  const world = new RegionWorld({ members: ['eu', 'us'], ...options });
  const us = world.join('us');
  const eu = await world.start();
  const action = { kind: 'scale', replicas: 6 } as const;
  return { world, us, eu, compose: () => eu.core.composer.request(op, { target, action }) };
}

type Judging = Awaited<ReturnType<typeof judging>>;

async function judgementOf({ us, eu }: Judging, bytes: Uint8Array, of = instance) {
  const value = digestOf(bytes);
  const votes = us.vote({ instance: of, step: 'candidate', round: 0, value });
  us.body('eu', bytes, { votes: [...votes] });
  await eu.run();
  return eu.core.host.ballot(of)?.judgements.get(value);
}

test('a manifest is admitted for the one instance that it names', () => {
  const manifest = { federation, tenant: 'shop', targets: [{ target, version: instance.version }] };
  // Decoding asks for all of a manifest, so these bytes are none.
  expect(admits(federation, instance, canonicalBytes(manifest))).toBe(false);
  expect(admits(federation, instance, utf8('{'))).toBe(false);
});

test('a composed manifest is admitted here and nowhere else', async () => {
  const { compose } = await judging();
  const { manifest } = await compose();
  const bytes = canonicalBytes(manifest);
  expect(admits(federation, instance, bytes)).toBe(true);
  expect(admits('another', instance, bytes)).toBe(false);
  expect(admits(federation, { ...instance, version: instance.version + 1 }, bytes)).toBe(false);
  expect(admits(federation, { ...instance, target: 'shop/db' }, bytes)).toBe(false);
  const { targets } = manifest;
  const both = { ...manifest, targets: [...targets, { target: 'shop/zz', version: 1 }] };
  expect(admits(federation, instance, canonicalBytes(both))).toBe(false);
});

test('a manifest that keeps the policies is judged by evidence', async () => {
  const bench = await judging();
  const { manifest } = await bench.compose();
  const judgement = await judgementOf(bench, canonicalBytes({ ...manifest, proposer: 'us' }));
  expect(judgement).toBeDefined();
  expect(judgement?.reasons.join()).not.toMatch(/^P\d/);
});

test('a manifest that breaks a policy is rejected for that, and noted', async () => {
  const bench = await judging();
  const { manifest } = await bench.compose();
  const gate: Manifest['gate'] = { ...manifest.gate, approvals: [], reasons: [] };
  const judgement = await judgementOf(bench, canonicalBytes({ ...manifest, gate }));
  expect(judgement).toMatchObject({ verdict: 'reject' });
  expect(judgement?.reasons).toEqual(['P3: the gate is weaker than policy asks for']);
  const entries = await Array.fromAsync(bench.eu.core.context.ledger.entries());
  const alerts = entries.filter(({ step }) => step === 'policy-alert');
  expect(alerts).toMatchObject([{ facts: { policy: 'P3', proposer: 'eu' } }]);
});

// A cluster that is away for a minute must not take the region with it.
test('a driver that fails is a reason to reject, not to stop', async () => {
  const bench = await judging({
    inject: (_self, operation) => (operation === 'observe' && isAway ? 'fails' : null),
  });
  let isAway = false;
  const { manifest } = await bench.compose();
  isAway = true;
  const judgement = await judgementOf(bench, canonicalBytes(manifest));
  expect(judgement).toMatchObject({ verdict: 'reject' });
  expect(judgement?.reasons).toEqual(['this region cannot see the target']);
  expect(bench.world.failures).toEqual([]);
});

test('a journal entry is judged by the journal alone', async () => {
  const bench = await judging();
  const { policy } = bench.world.genesis;
  const entry: JournalEntry = {
    type: 'journal-entry/1',
    federation,
    height: 1,
    previous: null,
    change: { kind: 'policy', policy: { ...policy, version: 7 } },
    proposer: 'us',
    at: '2026-01-05T12:00:00.000Z',
  };
  const at = { tenant: journalTenant, target: journalTarget, version: 1 };
  const judgement = await judgementOf(bench, canonicalBytes(entry), at);
  expect(judgement).toMatchObject({
    verdict: 'reject',
    reasons: ['the next policy version is 2'],
  });
});
