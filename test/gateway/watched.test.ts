/**
 * Many clients at once. How fast is a benchmark's business (`npm run bench -- events`); here a few
 * seconds of it must deliver exactly, and what they measured is printed.
 */
import { expect, test } from 'vitest';
import { measureEvents } from '#test/bench/events.ts';

test('200 clients get every entry once, in order, while decisions go on', async () => {
  const measured = await measureEvents({ clients: 200, targets: 24, rounds: 1, roundMs: 2000 });
  expect(measured.clients).toBe(200);
  expect(measured.entriesPerClient).toBeGreaterThan(100);
  const { alone, watched } = measured.decisionsPerSecond;
  process.stdout.write(`watched ${watched}/s, alone ${alone}/s, ratio ${measured.ratio}\n`);
}, 120_000);
