import { expect, test } from 'vitest';
import { Trace } from '#sim/trace.ts';

test('the hash is that of the lines in order', () => {
  const lines: string[] = [];
  const [a, b, c] = [new Trace((line) => lines.push(line)), new Trace(), new Trace()];
  for (const trace of [a, b]) {
    trace.line(1, 'start', 'east');
    trace.line(2, 'crash', 'east');
  }
  c.line(2, 'crash', 'east');
  c.line(1, 'start', 'east');
  expect(a.digest()).toBe(b.digest());
  expect(a.digest()).not.toBe(c.digest());
  expect(lines).toEqual(['1 start east', '2 crash east']);
});
