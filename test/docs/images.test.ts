import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { widths } from '#test/support/chromium.ts';
import { screenNames } from '#test/support/console-screens.ts';
import { root } from '#test/support/source-files.ts';

const folder = join(root, 'docs', 'images');
/** So that a clone stays quick and a page on the web loads. */
const pictureBytesMax = 200 * 1024;
const totalBytesMax = 3 * 1024 * 1024;

test('every screen of the console has its pictures: npm run screenshots', () => {
  const expected = screenNames.flatMap((name) => widths.map((width) => `${name}-${width}.png`));
  expect(readdirSync(folder).sort()).toEqual(expected.sort());
});

test('every picture is as wide as its name says, and small', () => {
  const sizes = readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const png = readFileSync(path);
    expect(png.toString('latin1', 1, 4), name).toBe('PNG');
    expect(name).toContain(`-${png.readUInt32BE(16)}.png`);
    const { size } = statSync(path);
    expect(size, name).toBeLessThanOrEqual(pictureBytesMax);
    return size;
  });
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(totalBytesMax);
});
