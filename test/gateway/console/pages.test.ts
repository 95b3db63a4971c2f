import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendPage, type Held, mergeNewest } from '#gateway/console/src/lib/pages.ts';

interface Row {
  readonly id: string;
  readonly state: string;
}
const keyOf = (row: Row) => row.id;
const rows = (ids: string, state = 'old'): Row[] => [...ids].map((id) => ({ id, state }));
const idsOf = (held: Held<Row> | null) => held?.items.map(keyOf).join('');

test('an older page goes to the end, each item once', () => {
  const held = { items: rows('edc'), next: 'after-c' };
  const grown = appendPage(held, { items: rows('cba'), next: null }, keyOf);
  expect(idsOf(grown)).toBe('edcba');
  expect(grown.next).toBeNull();
});

test('what is new comes in at the front, and what is held stays behind it', () => {
  const held = { items: rows('edcba'), next: 'after-a' };
  const merged = mergeNewest(held, { items: rows('gfe'), next: 'after-e' }, keyOf);
  expect(idsOf(merged)).toBe('gfedcba');
  expect(merged?.next).toBe('after-a');
});

test('what changed is shown as it is now, and what no longer fits the filter goes', () => {
  const held = { items: rows('edcba'), next: 'after-a' };
  const merged = mergeNewest(held, { items: rows('ec', 'new'), next: 'after-c' }, keyOf);
  expect(merged?.items).toEqual([...rows('ec', 'new'), ...rows('ba')]);
});

test('a page that ends the list is the list', () => {
  const held = { items: rows('edcba'), next: 'after-a' };
  expect(mergeNewest(held, { items: rows('e'), next: null }, keyOf)).toEqual({
    items: rows('e'),
    next: null,
  });
});

test('a page with nothing in common asks for another one', () => {
  const held = { items: rows('cba'), next: null };
  expect(mergeNewest(held, { items: rows('gfe'), next: 'after-e' }, keyOf)).toBeNull();
});

test('a list that holds nothing takes the page as it is', () => {
  const page = { items: rows('ba'), next: 'after-a' };
  expect(mergeNewest({ items: [], next: null }, page, keyOf)).toEqual(page);
});

// Goal: a console that follows along shows the list. Method: a server list that only grows at
// its front, read in pages and refreshed at random moments, is what the merged list shows.
test('pages and refreshes in any order give a front of the list, in order, each item once', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 12 }) }),
    fc.constant({ type: 'more' as const }),
    fc.constant({ type: 'refresh' as const }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let list: Row[] = rows('hgfedcba');
      let held = pageFrom(list, null);
      for (const { type, ...rest } of steps) {
        if (type === 'grow') list = [...grown(list.length, rest as { by: number }), ...list];
        else if (type === 'more') {
          if (held.next !== null) held = appendPage(held, pageFrom(list, held.next), keyOf);
        } else held = mergeNewest(held, pageFrom(list, null), keyOf) ?? pageFrom(list, null);
        const ids = held.items.map(keyOf);
        const start = list.findIndex((row) => keyOf(row) === ids[0]);
        expect(ids).toEqual(list.slice(start, start + ids.length).map(keyOf));
      }
    }),
  );
});

const pageSize = 4;

function pageFrom(list: readonly Row[], cursor: string | null): Held<Row> {
  const start = cursor === null ? 0 : list.findIndex((row) => row.id === cursor) + 1;
  const items = list.slice(start, start + pageSize);
  const last = items.at(-1);
  return { items, next: last && start + pageSize < list.length ? last.id : null };
}

function grown(length: number, { by }: { readonly by: number }): Row[] {
  return Array.from({ length: by }, (_, index) => ({ id: `n${length + by - index}`, state: '' }));
}
