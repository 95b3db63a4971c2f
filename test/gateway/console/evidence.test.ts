import { expect, test } from 'vitest';
import { evidenceText, shortNumber } from '#gateway/console/src/components/risk/evidence.ts';

test('numbers are short and keep three digits', () => {
  expect([435_000_000, 12.34, 0.02789, 0, -5.558, 1234, 0.00000123].map(shortNumber)).toEqual([
    '435M',
    '12.3',
    '0.0279',
    '0',
    '-5.56',
    '1,230',
    '1.2e-6',
  ]);
});

test('the evidence names value, mean, deviation, the scores and the method', () => {
  const text = evidenceText({
    metric: 'cpu',
    method: 'ewma',
    zscore: 2.345,
    ewma: 6.521,
    evidence: { value: 13.94, direction: 'above', mean: 7.089, deviation: 2.92, points: 3152 },
  });
  expect(text).toBe(
    'cpu 13.9 · mean 7.09 · deviation 2.92 · z-score 2.35 · EWMA 6.52 · ' +
      'found by EWMA in 3,152 points',
  );
});
