/**
 * Assertions about our own state.
 *
 * A failed assertion is a bug: the process stops and restarts clean from what is on disk. Input
 * from outside is never asserted, it is refused by a schema or answered with an error.
 *
 * Pure.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws when something that must be true is not. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${claim}`);
}

/** The value, which is known to be there for the reason given. */
export function required<T>(value: T | null | undefined, reason: string): T {
  assert(value !== null && value !== undefined, reason);
  return value;
}
