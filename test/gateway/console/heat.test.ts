import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  darkSteps,
  heatColours,
  heatStep,
  lightSteps,
} from '#gateway/console/src/components/risk/heat.ts';

/** Relative luminance and contrast (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

test('the ink on every step of both scales has a contrast of at least 4.5', () => {
  for (const { fill, ink } of [...lightSteps, ...darkSteps]) {
    expect(contrast(fill, ink), `${ink} on ${fill}`).toBeGreaterThanOrEqual(4.5);
  }
});

test('steps are told apart by lightness alone: each differs from the one before', () => {
  const lights = lightSteps.map(({ fill }) => luminance(fill));
  const darks = darkSteps.map(({ fill }) => luminance(fill));
  for (let step = 1; step < lights.length; step += 1) {
    expect(
      contrast(lightSteps[step - 1]?.fill ?? '', lightSteps[step]?.fill ?? ''),
    ).toBeGreaterThan(1.1);
    expect(lights[step]).toBeLessThan(lights[step - 1] ?? 0);
    expect(contrast(darkSteps[step - 1]?.fill ?? '', darkSteps[step]?.fill ?? '')).toBeGreaterThan(
      1.1,
    );
    expect(darks[step]).toBeGreaterThan(darks[step - 1] ?? 1);
  }
});

test('a higher share never has a lower step, and every share has one', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      expect(heatStep(low)).toBeLessThanOrEqual(heatStep(high));
      expect(lightSteps[heatStep(a)]).toBeDefined();
    }),
  );
  expect(heatStep(0)).toBe(0);
  expect(heatStep(0.001)).toBe(1);
  expect(heatStep(1)).toBe(lightSteps.length - 1);
  expect(heatStep(Number.NaN)).toBe(0);
  expect(heatColours(1)).toEqual({ light: lightSteps.at(-1), dark: darkSteps.at(-1) });
});
