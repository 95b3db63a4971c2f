/**
 * Operating errors: conditions a caller can meet in a healthy program.
 *
 * Codes are stable and documented in docs/reference/errors.md; messages are for people and may
 * change. Bugs are assertions (assert.ts); bad input is refused by schemas.
 *
 * Pure.
 */

/** What each code means, for the reference that people look codes up in. */
export const errorMeanings = {
  'invalid-input': 'A value does not have the form it must have; the field is named.',
  unauthenticated: 'There is no token, or it is not valid here.',
  forbidden: 'The caller is known and may not do this.',
  'not-found': 'There is no such thing, or it belongs to another tenant.',
  conflict: 'The state has changed since: used, drifted, or not yet certified.',
  gone: 'It has expired.',
  'too-large': 'More bytes or items than the limit allows.',
  'too-many-requests': 'A bounded queue or a rate limit is full; try again later.',
  'not-ready': 'The region is starting, catching up or draining.',
  config: 'The configuration contradicts itself or holds an unknown or bad key.',
  'data-folder-in-use': 'Another process holds the data folder.',
  'port-in-use': 'Another process listens on the port.',
  'store-corrupt': 'A store fails its checks; the region refuses to start and never votes.',
  'store-foreign': 'The store belongs to another region or federation.',
  amnesia: 'Peers hold newer votes of this region than its store does; it votes no more.',
  'verification-failed': 'A signature, digest or proof does not hold.',
  'policy-violation': 'A policy (P1 to P7) forbids the step; the audit log says which.',
  unavailable: 'Something this needs cannot be reached right now.',
} as const;

export type ErrorCode = keyof typeof errorMeanings;

export class QuorateError extends Error {
  override readonly name: string = 'QuorateError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** Dotted path of the field, key or file at fault, where there is one. */
  readonly field: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly retryable?: boolean; readonly field?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.field = options.field ?? null;
  }
}
