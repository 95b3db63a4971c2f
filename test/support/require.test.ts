import { expect, test } from 'vitest';
import { isInstalled, needs } from './require.ts';

test('a program on the path is found and one that does not exist is not', () => {
  expect(isInstalled('node')).toBe(true);
  expect(isInstalled('quorate-no-such-server')).toBe(false);
});

let ran = false;

needs('node')('a test whose program is installed runs', () => {
  ran = true;
});

test('the test above did run', () => {
  expect(ran).toBe(true);
});
