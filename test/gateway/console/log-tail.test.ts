import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  emptyTail,
  entriesMax,
  extendTail,
  restart,
  sizeIn,
  windowBefore,
  windowSeqs,
} from '#gateway/console/src/components/audit/log-tail.ts';
import type { AuditWire } from '#gateway/console/src/lib/wire.ts';

const entry = (seq: number): AuditWire => ({
  seq,
  region: 'eu',
  at: '2026-01-05T12:00:00.000Z',
  step: 'signal',
  actor: 'agent:observer',
  tenant_id: 'shop',
  target: null,
  version: null,
  proposal_id: null,
  why: '',
  facts: {},
  digests: {},
});

// Goal: nothing missing, nothing twice. Method: windows and live entries in any order.
test('a tail is newest first and has every entry once, however they come', () => {
  const batches = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 }));
  fc.assert(
    fc.property(batches, (seqs) => {
      let tail = { ...emptyTail, from: 0 };
      for (const batch of seqs) tail = extendTail(tail, [...new Set(batch)].map(entry));
      const expected = [...new Set(seqs.flat())].toSorted((a, b) => b - a);
      expect(tail.entries.map(({ seq }) => seq)).toEqual(expected);
    }),
  );
});

test('older windows are read down to the first entry of the log', () => {
  const tail = extendTail(emptyTail, [entry(1200)], 1000);
  expect(windowBefore(tail)).toEqual({ from: 1000 - windowSeqs, to: 1000 });
  const older = extendTail(tail, [], 300);
  expect(older.entries).toBe(tail.entries);
  expect(windowBefore(older)).toEqual({ from: 0, to: 300 });
  expect(windowBefore(extendTail(older, [entry(5)], 0))).toBeNull();
});

test('the console holds the newest entries only, and says where they begin', () => {
  const many = Array.from({ length: entriesMax + 10 }, (_, seq) => entry(seq));
  const tail = extendTail(emptyTail, many, 0);
  expect(tail.entries.length).toBe(entriesMax);
  expect(tail.entries[0]?.seq).toBe(entriesMax + 9);
  expect(tail.from).toBe(10);
  expect(windowBefore(tail)).toBeNull();
});

test('what came live before the first reading stays when the tail starts over', () => {
  const live = extendTail(emptyTail, [entry(7), entry(90)]);
  const started = extendTail(restart(live, 50), [entry(60), entry(90)], 50);
  expect(started.entries.map(({ seq }) => seq)).toEqual([90, 60]);
  expect(started.from).toBe(50);
});

test('the size is the second line of a checkpoint', () => {
  expect(sizeIn('quorate/demo/eu\n616\nroot\n\n— …')).toBe(616);
  expect(sizeIn('not a checkpoint')).toBe(0);
});
