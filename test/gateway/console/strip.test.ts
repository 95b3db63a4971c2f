import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  columnsMax,
  type StripSignal,
  stripOf,
  widthText,
} from '#gateway/console/src/components/risk/strip.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const noon = Date.UTC(2026, 0, 5, 12);
const signal = (ms: number, changes: Partial<StripSignal> = {}): StripSignal => ({
  ts: new Date(noon + ms).toISOString(),
  service: 'web',
  severity: 'low',
  score: 0.5,
  ...changes,
});

test('nothing to show is no strip', () => {
  expect(stripOf([], { rangeMs: dayMs })).toBeNull();
});

test('signals of one hour share a cell that keeps the worst of them', () => {
  const strip = stripOf(
    [
      signal(5 * 60_000, { score: 0.7, severity: 'high' }),
      signal(50 * 60_000, { score: 0.9, severity: 'medium' }),
      signal(2 * hourMs, { service: 'api' }),
    ],
    { rangeMs: dayMs },
  );
  expect(strip).toMatchObject({ from: noon, bucketMs: hourMs, to: noon + 3 * hourMs });
  expect(strip?.rows.map(({ service }) => service)).toEqual(['api', 'web']);
  expect(strip?.rows[1]?.cells).toEqual([
    { from: noon, count: 2, score: 0.9, severity: 'high' },
    { from: noon + hourMs, count: 0, score: 0, severity: null },
    { from: noon + 2 * hourMs, count: 0, score: 0, severity: null },
  ]);
});

test('a range counts back from the newest signal and leaves out what is older', () => {
  const strip = stripOf([signal(0), signal(-3 * dayMs)], { rangeMs: dayMs });
  expect(strip?.rows[0]?.count).toBe(1);
  expect(strip?.from).toBeGreaterThan(noon - dayMs - hourMs);
});

// Goal: a row fits the screen and loses nothing. Method: any signals over years, any range.
test('a strip has at most the columns it may, and every signal of the range is in one', () => {
  const offsets = fc.array(fc.integer({ min: -5 * 365 * dayMs, max: 0 }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(offsets, fc.integer({ min: hourMs, max: 6 * 365 * dayMs }), (times, rangeMs) => {
      const strip = stripOf(
        times.map((ms) => signal(ms)),
        { rangeMs },
      );
      const newest = Math.max(...times);
      const inRange = times.filter((ms) => ms > newest - rangeMs).length;
      const row = strip?.rows[0];
      expect(row?.cells.length).toBeLessThanOrEqual(columnsMax);
      expect(row?.count).toBeGreaterThanOrEqual(inRange);
      expect(row?.cells.reduce((sum, { count }) => sum + count, 0)).toBe(row?.count);
    }),
  );
});

test('the width of a cell is said in hours or days', () => {
  expect([hourMs, 24 * hourMs, 72 * hourMs].map(widthText)).toEqual(['1 h', '24 h', '3 days']);
});
