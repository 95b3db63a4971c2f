import { expect, test } from 'vitest';
import { Ledger } from '#fabric/host/ledger.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import type { Store } from '#fabric/ports.ts';
import { utf8 } from '#protocols/bytes.ts';
import type { AuditDraft, AuditEntry } from '#protocols/messages/audit.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { noMetrics, settle } from '#test/support/quiet.ts';

const signalId = '1'.repeat(64);

function draft(reason: string): AuditDraft {
  return {
    step: 'signal',
    actor: 'agent:observer',
    tenant: 'shop',
    reason,
    facts: { signalId },
    digests: {},
  };
}

async function open(store: Store): Promise<{ ledger: Ledger; failures: unknown[] }> {
  const failures: unknown[] = [];
  const ledger = await Ledger.open({
    region: 'eu',
    store,
    clock: new ManualClock(1_767_614_400_000),
    metrics: noMetrics,
    fatal: (error) => failures.push(error),
  });
  return { ledger, failures };
}

/** A store whose syncs end when the test says so, and how many wait. */
function slowStore(): { store: MemoryStore; syncs: ((error?: Error) => void)[] } {
  const syncs: ((error?: Error) => void)[] = [];
  const store = new MemoryStore({
    sync: () =>
      new Promise((resolve, reject) => {
        syncs.push((error) => (error ? reject(error) : resolve()));
      }),
  });
  return { store, syncs };
}

test('entries are numbered from 0 and found by what they name', async () => {
  const { ledger } = await open(new MemoryStore());
  await ledger.commit([draft('one'), draft('two')], []);
  await ledger.commit([draft('three')], []);
  const entries = await ledger.entriesOf(signalId);
  expect(entries.map(({ seq, reason }) => [seq, reason])).toEqual([
    [0, 'one'],
    [1, 'two'],
    [2, 'three'],
  ]);
});

test('the head counts what is on disk, and listeners hear of nothing else', async () => {
  const { store, syncs } = slowStore();
  const { ledger } = await open(store);
  const heard: AuditEntry[] = [];
  ledger.subscribe((entry) => heard.push(entry));
  const committed = ledger.commit([draft('one')], []);
  await settle();
  expect([ledger.head().size, heard]).toEqual([0, []]);
  syncs[0]?.();
  await committed;
  expect([ledger.head().size, heard.length]).toEqual([1, 1]);
});

test('a commit of nothing does not count what is still on its way to the disk', async () => {
  const { store, syncs } = slowStore();
  const { ledger } = await open(store);
  const committed = ledger.commit([draft('one')], []);
  expect(await ledger.commit([], [])).toEqual([]);
  expect(ledger.head().size).toBe(0);
  await settle();
  syncs[0]?.();
  await committed;
});

test('entries and operations of one commit are in one batch', async () => {
  const { store, syncs } = slowStore();
  const { ledger } = await open(store);
  ledger.commit([draft('one')], [{ put: 'fact', value: utf8('1') }]);
  await settle();
  expect(syncs).toHaveLength(1);
  const kept = store.crash('kept');
  expect(await kept.get('fact')).toEqual(utf8('1'));
  expect((await open(kept)).ledger.head().size).toBe(1);
  expect((await open(store.crash('lost'))).ledger.head().size).toBe(0);
});

// An entry that does not fit is a bug, but must not leave a gap that no later start accepts.
test('of drafts that do not all fit none is placed', async () => {
  const store = new MemoryStore();
  const { ledger } = await open(store);
  await expect(ledger.commit([draft('good'), draft('x'.repeat(2001))], [])).rejects.toThrow(
    'fits its schema',
  );
  await ledger.commit([draft('next')], []);
  expect(ledger.head().size).toBe(1);
  const again = await open(store);
  expect(again.ledger.head()).toEqual(ledger.head());
});

test('a failed sync is fatal', async () => {
  const { store, syncs } = slowStore();
  const { ledger, failures } = await open(store);
  const committed = ledger.commit([draft('one')], []);
  await settle();
  syncs[0]?.(new Error('disk full'));
  await expect(committed).rejects.toThrow('could not sync');
  expect(failures).toHaveLength(1);
});

test('a log with a missing or a damaged entry is not opened', async () => {
  const store = new MemoryStore();
  const { ledger } = await open(store);
  await ledger.commit([draft('one'), draft('two')], []);
  const key = 'audit/000000000000';
  await store.commit([{ put: key, value: utf8('{}') }]);
  await expect(open(store)).rejects.toMatchObject({ code: 'store-corrupt', field: key });
  await store.commit([{ del: key }]);
  await expect(open(store)).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('an entry that is changed under the running log is found by verifying', async () => {
  const store = new MemoryStore();
  const { ledger } = await open(store);
  const [entry] = await ledger.commit([draft('one')], []);
  expect(await ledger.verify()).toMatchObject({ ok: true, size: 1 });
  const forged = utf8(JSON.stringify({ ...entry, reason: 'another' }));
  await store.commit([{ put: 'audit/000000000000', value: forged }]);
  expect(await ledger.verify()).toMatchObject({ ok: false });
});
