import { expect, test } from 'vitest';
import { lanesOf, openFirst } from '#gateway/console/src/components/risk/incident-lanes.ts';

const signal = (signal_id: string, service: string, minute: number) => ({
  signal_id,
  service,
  ts: new Date(Date.UTC(2026, 0, 5, 12, minute)).toISOString(),
});

test('the origin has the first lane, the others follow by their first signal', () => {
  const signals = [
    signal('a', 'web', 0),
    signal('b', 'api', 5),
    signal('c', 'db', 10),
    signal('d', 'api', 20),
  ];
  const lanes = lanesOf(signals, { service: 'db', signal_id: 'c' });
  expect(lanes.map(({ service }) => service)).toEqual(['db', 'web', 'api']);
  expect(lanes[0]).toMatchObject({ isOrigin: true, dots: [{ at: 0.5, isOrigin: true }] });
  expect(lanes[2]?.dots.map(({ at }) => at)).toEqual([0.25, 1]);
  expect(lanes[2]?.dots.some(({ isOrigin }) => isOrigin)).toBe(false);
});

test('a single signal stands in the middle of its lane', () => {
  const lanes = lanesOf([signal('a', 'web', 3)], { service: 'web', signal_id: 'a' });
  expect(lanes[0]?.dots[0]?.at).toBe(0.5);
});

test('open incidents come first, and the order within each stays', () => {
  const found = openFirst([
    { id: 1, state: 'closed' as const },
    { id: 2, state: 'open' as const },
    { id: 3, state: 'closed' as const },
    { id: 4, state: 'open' as const },
  ]);
  expect(found.map(({ id }) => id)).toEqual([2, 4, 1, 3]);
});
