/**
 * The answer of a check: it holds, or which field is wrong and why.
 *
 * Pure.
 */

export interface Refusal {
  readonly ok: false;
  /** The dotted path of the first wrong field. */
  readonly field: string;
  readonly reason: string;
}

export type Checked = { readonly ok: true } | Refusal;

export function refuse(field: string, reason: string): Refusal {
  return { ok: false, field, reason };
}

/** The refusal, seen from a document that holds the refused one at `path`. */
export function within(path: string, refusal: Refusal): Refusal {
  const field = refusal.field === '' ? path : `${path}.${refusal.field}`;
  return { ...refusal, field };
}
