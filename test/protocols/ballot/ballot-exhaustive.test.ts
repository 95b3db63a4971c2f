/**
 * Goal: one value at most (I1) for every schedule of a small federation, and not only for those
 * that chance draws. Method: a search over all worlds of three regions, two manifests and ABORT
 * through two rounds; what a quorum precommitted counts, whether or not anyone has heard of it.
 */
import { expect, test } from 'vitest';
import { accept, reject, X } from '#test/support/ballot.ts';
import { explore } from '#test/support/ballot-explorer.ts';

test('no schedule of two rounds makes two of two accepted manifests certifiable', () => {
  const { certified, violation } = explore({ roundsMax: {}, verdictOf: () => accept });
  expect(violation).toBeNull();
  expect(certified).toEqual(['X', 'Y']);
});

test('no schedule of two rounds makes a manifest and ABORT certifiable', () => {
  const { certified, violation } = explore({
    roundsMax: { b: 1, c: 1 },
    verdictOf: (member, value) => (member === 'c' && value === X ? reject : accept),
  });
  expect(violation).toBeNull();
  expect(certified).toEqual(['X', 'abort']);
});
