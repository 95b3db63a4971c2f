/** How pages of a list that grows at its front become one list. Pure. */

export interface Held<T> {
  readonly items: readonly T[];
  /** The cursor of what follows the last item; null when nothing does. */
  readonly next: string | null;
}

/** An older page goes to the end; items that moved there meanwhile stay where they were. */
export function appendPage<T>(held: Held<T>, page: Held<T>, keyOf: (item: T) => string): Held<T> {
  const known = new Set(held.items.map(keyOf));
  const fresh = page.items.filter((item) => !known.has(keyOf(item)));
  return { items: [...held.items, ...fresh], next: page.next };
}

/**
 * The newest page replaces the front of what is held, down to the last item that both have: what
 * is new comes in, what changed is shown as it is now, what no longer fits the filter goes.
 * Null when they have nothing in common: then more than a page came since.
 */
export function mergeNewest<T>(
  held: Held<T>,
  page: Held<T>,
  keyOf: (item: T) => string,
): Held<T> | null {
  if (page.next === null || held.items.length === 0) return page;
  const places = new Map(held.items.map((item, index) => [keyOf(item), index]));
  const common = page.items.findLast((item) => places.has(keyOf(item)));
  if (common === undefined) return null;
  const inPage = new Set(page.items.map(keyOf));
  const rest = held.items.slice((places.get(keyOf(common)) ?? 0) + 1);
  const older = rest.filter((item) => !inPage.has(keyOf(item)));
  return { items: [...page.items, ...older], next: older.length > 0 ? held.next : page.next };
}
