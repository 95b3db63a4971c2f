import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TelemetryBatch } from '#fabric/ports.ts';
import { ReplayPace } from '#fabric/telemetry/pace.ts';
import { type ReplayOptions, type ReplaySeries, replaySource } from '#fabric/telemetry/replay.ts';
import type { SeriesRow } from '#fabric/telemetry/series.ts';
import { batchesFrom, telemetryContract } from '#test/contracts/telemetry.contract.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const minute = 60_000;

function series(metric: string, rows: readonly SeriesRow[], more: Partial<ReplaySeries> = {}) {
  const about = { tenant: 'acme', service: 'checkout', metric, kind: 'latency' } as const;
  return { ...about, from: { rows }, ...more };
}

/** A row each `every` minutes, valued by its number. */
function rowsEvery(every: number, count: number, first = 0): readonly SeriesRow[] {
  return Array.from({ length: count }, (_, n) => ({ at: (first + n * every) * minute, value: n }));
}

function replay(
  all: readonly ReplaySeries[],
  { speed = 0, ...options }: Partial<ReplayOptions> & { readonly speed?: number } = {},
) {
  const clock = new ManualClock();
  const pace = new ReplayPace({ clock, speed });
  return { clock, source: replaySource({ series: all, pace, ...options }) };
}

const summary = ({ upTo, points }: TelemetryBatch) => [
  upTo / minute,
  points.map(({ metric, value }) => `${metric}${value}`).join(' '),
];

telemetryContract('replay', () => {
  const all = [series('a', rowsEvery(5, 6)), series('b', rowsEvery(7, 5, 2))];
  return replay(all).source;
});

test('series are merged by event time into batches of the smallest usual spacing', async () => {
  const { source } = replay([series('a', rowsEvery(5, 3)), series('b', rowsEvery(2, 4, 1))]);
  expect((await batchesFrom(source)).map(summary)).toEqual([
    [0, 'a0'],
    [2, 'b0'],
    [4, 'b1'],
    [6, 'a1 b2'],
    [8, 'b3'],
    [10, 'a2'],
  ]);
});

test('the step can be told, and steps without points are left out', async () => {
  const rows = [...rowsEvery(5, 4), ...rowsEvery(5, 2, 100)];
  const { source } = replay([series('a', rows)], { stepMs: 10 * minute });
  expect((await batchesFrom(source)).map(summary)).toEqual([
    [0, 'a0'],
    [10, 'a1 a2'],
    [20, 'a3'],
    [100, 'a0'],
    [110, 'a1'],
  ]);
});

test('a series is moved in time by a difference or to an instant, and never changed', async () => {
  const moved = [
    series('a', rowsEvery(5, 2, 30), { shift: { byMs: -30 * minute } }),
    series('b', rowsEvery(5, 2, 77), { shift: { to: 5 * minute } }),
  ];
  expect((await batchesFrom(replay(moved).source)).map(summary)).toEqual([
    [0, 'a0'],
    [5, 'a1 b0'],
    [10, 'b1'],
  ]);
});

test('rows are put in order, and those without a value skipped and counted', async () => {
  const rows = [
    { at: 10 * minute, value: 2 },
    { at: 0, value: null },
    { at: 5 * minute, value: 1 },
  ];
  const { source } = replay([series('a', rows)]);
  expect((await batchesFrom(source)).map(summary)).toEqual([
    [5, 'a1'],
    [10, 'a2'],
  ]);
  expect(source.skippedRows()).toBe(1);
});

test('nothing before the start is replayed', async () => {
  const { source } = replay([series('a', rowsEvery(5, 4))], { startAt: 10 * minute });
  expect((await batchesFrom(source)).map(summary)).toEqual([
    [10, 'a2'],
    [15, 'a3'],
  ]);
});

/** Lets everything that can go on without the clock go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('event time passes at most at the given speed', async () => {
  const { clock, source } = replay([series('a', rowsEvery(5, 4))], { speed: 300 });
  const seen: number[] = [];
  let slowMs = 0;
  const done = (async () => {
    for await (const { upTo } of source.open(null)) {
      seen.push(upTo / minute);
      if (slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, slowMs));
    }
  })();
  await settle();
  expect(seen).toEqual([0]);
  clock.advance(999);
  await settle();
  expect(seen).toEqual([0]);
  slowMs = 600;
  clock.advance(1);
  await settle();
  expect(seen).toEqual([0, 5]);
  clock.advance(600);
  await settle();
  clock.advance(399);
  await settle();
  expect(seen).toEqual([0, 5]);
  slowMs = 5000;
  clock.advance(1);
  await settle();
  expect(seen).toEqual([0, 5, 10]);
  clock.advance(5000);
  await settle();
  expect(seen).toEqual([0, 5, 10, 15]);
  clock.advance(5000);
  await done;
});

test('closing wakes a replay that waits, and leaves no timer', async () => {
  const { clock, source } = replay([series('a', rowsEvery(5, 4))], { speed: 1 });
  const done = batchesFrom(source);
  await settle();
  expect(clock.pending).toBe(1);
  await source.close();
  expect((await done).length).toBe(1);
  expect(clock.pending).toBe(0);
});

test('an offset that no replay gave is refused', async () => {
  await expect(batchesFrom(replay([]).source, 'page-2')).rejects.toMatchObject({
    code: 'invalid-input',
  });
});

test('a replay of nothing ends at once', async () => {
  expect(await batchesFrom(replay([]).source)).toEqual([]);
  expect(await batchesFrom(replay([series('a', [])]).source)).toEqual([]);
});

test('a recorded file replays every row that has a value, in order', async () => {
  const folder = join(import.meta.dirname, '../../../sim/datasets/demo/series');
  const file = join(folder, 'ec2_cpu_utilization_53ea38.csv');
  const { source } = replay([series('cpu', [], { from: { file } })]);
  const batches = await batchesFrom(source);
  const points = batches.flatMap((batch) => batch.points);
  expect(points.length).toBe(4032);
  expect(points[0]).toMatchObject({ at: Date.UTC(2014, 1, 14, 14, 30), value: 1.732 });
  expect(batches.every((batch) => batch.points.length === 1)).toBe(true);
});
