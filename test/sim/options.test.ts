import { expect, test } from 'vitest';
import { parseSimArguments } from '#sim/options.ts';

test('a seed asks for one world and a count for that many', () => {
  expect(parseSimArguments(['--seed', '7'])).toMatchObject({ seeds: [7], isSingle: true });
  expect(parseSimArguments(['--seeds', '3'])).toMatchObject({ seeds: [1, 2, 3], isSingle: false });
});

test('what makes no sense is a sentence', () => {
  for (const args of [
    ['--seed', 'seven'],
    ['--seed', '1', '--seeds', '2'],
    ['--faults', 'gremlins'],
    ['--engine', 'raft'],
    ['--fault-model', 'byzantine'],
    ['--duration', '1'],
    ['--frobnicate'],
  ]) {
    expect(typeof parseSimArguments(args), args.join(' ')).toBe('string');
  }
});
