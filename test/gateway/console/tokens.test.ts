/**
 * Whether the console's colours can be read: WCAG 2.2, success criteria 1.4.3 (text, 4.5 to 1)
 * and 1.4.11 (outlines of controls and states, 3 to 1).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '#test/support/source-files.ts';

const css = readFileSync(join(root, 'gateway/console/src/styles/tokens.css'), 'utf8');
const pairs = /--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\);/g;
const colours = new Map<string, readonly [light: string, dark: string]>();
for (const [, name = '', light = '', dark = ''] of css.matchAll(pairs)) {
  colours.set(name, [light, dark]);
}
colours.set('on-fill', ['#ffffff', '#ffffff']);

const surfaces = ['bg', 'surface', 'raised', 'sunken', 'hover', 'selected'];
const tones = ['good', 'warn', 'bad', 'info', 'calm'];

/** Everything that is written, and what it is written on. */
const texts: readonly (readonly [string, string])[] = [
  ...['text', 'text-soft', 'accent', ...tones].flatMap((text) =>
    surfaces.map((surface) => [text, surface] as const),
  ),
  ...surfaces.map((surface) => ['text-faint', surface] as const),
  ...tones.map((tone) => [tone, `${tone}-soft`] as const),
  ...tones.map((tone) => ['text', `${tone}-soft`] as const),
  ...tones.map((tone) => ['text-soft', `${tone}-soft`] as const),
  ...['accent-fill', 'accent-fill-hover', 'bad-fill', 'bad-fill-hover'].map(
    (fill) => ['on-fill', fill] as const,
  ),
];
const outlines = ['line-strong', 'focus'].flatMap((line) =>
  ['bg', 'surface', 'raised'].map((surface) => [line, surface] as const),
);

test('every text colour reaches 4.5 to 1 on every surface, in both themes', () => {
  expect(texts.flatMap((pair) => tooClose(pair, 4.5))).toEqual([]);
});

test('the outlines of controls and of the focus reach 3 to 1, in both themes', () => {
  expect(outlines.flatMap((pair) => tooClose(pair, 3))).toEqual([]);
});

function tooClose([front, back]: readonly [string, string], least: number): readonly string[] {
  const [a, b] = [colours.get(front), colours.get(back)];
  if (!a || !b) return [`${a ? back : front} is not in tokens.css`];
  return (['light', 'dark'] as const).flatMap((theme, index) => {
    const ratio = contrast(String(a[index]), String(b[index]));
    return ratio < least ? [`${front} on ${back}, ${theme}: ${ratio.toFixed(2)}`] : [];
  });
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
