/**
 * `?limit&cursor` of every list, within the configured bounds.
 */
import Type, { type Static } from 'typebox';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';

export const pageFields = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,5}$', description: 'Items a page' })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'The `next` of the page before' }),
  ),
};

export const PageQuery = Type.Object(pageFields, { additionalProperties: false });
export type PageQuery = Static<typeof PageQuery>;

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** A limit above the maximum gives the maximum, as the caller can see from `next`. */
export function pageOf(query: PageQuery, config: Config): Page {
  const { pageDefault, pageMax } = config.limits;
  const limit = Math.min(query.limit ? Number(query.limit) : pageDefault, pageMax);
  return query.cursor === undefined ? { limit } : { limit, cursor: query.cursor };
}

/** A page of a list that is at hand; the cursor is the key of the last item shown. */
export function slicePage<T>(items: readonly T[], page: Page, keyOf: (item: T) => string) {
  let start = 0;
  if (page.cursor !== undefined) {
    start = items.findIndex((item) => keyOf(item) === page.cursor) + 1;
    if (start === 0) {
      throw new QuorateError('invalid-input', 'cursor is unknown; begin without one', {
        field: 'cursor',
      });
    }
  }
  const shown = items.slice(start, start + page.limit);
  const last = shown.at(-1);
  const hasMore = start + shown.length < items.length;
  return { items: shown, next: hasMore && last !== undefined ? keyOf(last) : null };
}
