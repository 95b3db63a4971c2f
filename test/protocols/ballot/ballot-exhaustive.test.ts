/**
 * Goal: one value at most (I1) for every schedule of a small federation, and not only for those
 * that chance draws. Method: a search over all worlds of three regions, two manifests and ABORT
 * through two rounds; what a quorum precommitted counts, whether or not anyone has heard of it.
 */
import { expect, test } from 'vitest';
import { accept, reject, X } from '#test/support/ballot.ts';
import { explore } from '#test/support/ballot-explorer.ts';

test('no schedule of two rounds makes two values certifiable', () => {
  const { certified, violation, worlds } = explore({ roundsMax: {}, verdictOf: () => accept });
  expect(violation).toBeNull();
  expect(certified).toEqual(['X', 'Y']);
  expect(worlds).toBeGreaterThan(1_000);
});
