import { expect, test } from 'vitest';
import { type FaultClass, faultClasses, planFaults } from '#sim/faults.ts';
import { Seed } from '#sim/seed.ts';

const nodes = ['east', 'north', 'west'];
const span = { chaosFromMs: 5000, chaosUntilMs: 90_000 };

function plan(seed: number, classes: readonly FaultClass[] = faultClasses) {
  return planFaults({ seed: new Seed(seed), nodes, classes, ...span });
}

test('the plan follows from the seed, in order of time and within the chaos phase', () => {
  expect(plan(4)).toEqual(plan(4));
  expect(plan(4)).not.toEqual(plan(5));
  const times = plan(4).map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(span.chaosFromMs);
  expect(times.at(-1)).toBeLessThanOrEqual(span.chaosUntilMs);
});

test('every class of fault is planned in some world and none that was not asked for', () => {
  const planned = new Set(
    Array.from({ length: 20 }, (_, seed) => plan(seed)).flatMap((faults) =>
      faults.map(({ action }) => action.type),
    ),
  );
  expect([...planned].sort()).toEqual(['crash', 'cut', 'mend', 'slow-disk', 'weather']);
  const calm = plan(4, []).map(({ action }) => action);
  expect(calm.every((action) => action.type === 'weather' && action.weather.loss === 0)).toBe(true);
});

test('a cut never separates a node from itself', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    for (const { action } of plan(seed)) {
      if (action.type !== 'cut') continue;
      expect(action.links.every(({ from, to }) => from !== to)).toBe(true);
    }
  }
});
