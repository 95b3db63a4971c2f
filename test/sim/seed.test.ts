import { expect, test } from 'vitest';
import { Seed } from '#sim/seed.ts';

test('the same seed draws the same numbers and another seed draws others', () => {
  const draw = (seed: number) => {
    const stream = new Seed(seed);
    return Array.from({ length: 8 }, () => stream.uint32());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('a fork does not depend on what was drawn before it', () => {
  const fresh = new Seed(7).fork('network').uint32();
  const used = new Seed(7);
  used.uint32();
  expect(used.fork('network').uint32()).toBe(fresh);
  expect(used.fork('disk').uint32()).not.toBe(fresh);
});

test('draws stay in their range and reach both ends', () => {
  const seed = new Seed(1);
  const drawn = new Set(Array.from({ length: 1000 }, () => seed.integer(3, 6)));
  expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
  const normal = Array.from({ length: 10_000 }, () => seed.normal());
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normal.length;
  expect(Math.abs(mean)).toBeLessThan(0.05);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});
