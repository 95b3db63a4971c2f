import { expect, test } from 'vitest';
import { ewmaOf, ewmaStart, learnEwma } from '#agents/observer/detectors/ewma.ts';
import {
  deviationOf,
  learnZscore,
  zscoreMemory,
  zscoreOf,
  zscoreStart,
} from '#agents/observer/detectors/zscore.ts';

const wave = (n: number) => Array.from({ length: n }, (_, i) => 10 + Math.sin(i));

test('before anything is forgotten, mean and variance are those of the textbook', () => {
  const values = wave(zscoreMemory);
  const state = values.reduce(learnZscore, zscoreStart);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(state.mean).toBeCloseTo(mean, 9);
  expect(state.variance).toBeCloseTo(variance, 9);
});

test('a new level becomes normal once the old one is forgotten', () => {
  const before = wave(1000).reduce(learnZscore, zscoreStart);
  expect(zscoreOf(before, 30)).toBeGreaterThan(20);
  const after = wave(8 * zscoreMemory)
    .map((value) => value + 20)
    .reduce(learnZscore, before);
  expect(Math.abs(zscoreOf(after, 30))).toBeLessThan(1);
});

test('a series that never moved counts a hundredth of its level as a deviation', () => {
  const state = Array.from({ length: 300 }, () => 50).reduce(learnZscore, zscoreStart);
  expect(deviationOf(state)).toBeCloseTo(0.5, 9);
  expect(zscoreOf(state, 51)).toBeCloseTo(2, 6);
});

test('the EWMA ignores one spike and reports a level that stays', () => {
  const normal = wave(600).reduce(learnEwma, ewmaStart);
  expect(Math.abs(ewmaOf(normal, 12))).toBeLessThan(4);
  const shifted = Array.from({ length: 20 }, () => 12).reduce(learnEwma, normal);
  expect(ewmaOf(shifted, 12)).toBeGreaterThan(4);
  expect(ewmaOf(normal, 10)).toBeLessThan(1);
});
