/** Where the focus goes in a list, and whether a list grew at its front. Pure. */

export type Step = 'next' | 'previous' | 'first' | 'last';

/** The index that has the focus after a step; -1 for a list of nothing. */
export function focusAfter(index: number, length: number, step: Step): number {
  if (length === 0) return -1;
  switch (step) {
    case 'first':
      return 0;
    case 'last':
      return length - 1;
    case 'next':
      return Math.min(length - 1, index + 1);
    case 'previous':
      return Math.max(0, index - 1);
  }
}

/** Whether what was first is still there, but further down. */
export function hasNewFront<T>(
  items: readonly T[],
  front: string | null,
  keyOf: (item: T) => string,
): boolean {
  const [first] = items;
  if (front === null || first === undefined || keyOf(first) === front) return false;
  return items.some((item) => keyOf(item) === front);
}
