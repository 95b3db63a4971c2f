/**
 * What the views share. Views are what the gateway shows on the wire: snake_case forms of the
 * region's own types, whose schemas also make the OpenAPI document.
 *
 * Signed documents (manifests, certificates) are shown as they are: their digests cover their
 * field names.
 */
import Type, { type TSchema } from 'typebox';

export const closed = { additionalProperties: false } as const;

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** Lists are always `{items, next}`; `next` is the cursor of the following page. */
export function listOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), next: nullable(Type.String()) }, closed);
}
