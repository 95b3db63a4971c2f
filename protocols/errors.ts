/**
 * Operating errors: conditions a caller can meet in a healthy program.
 *
 * Codes are stable and documented in docs/reference/errors.md; messages are for people and may
 * change. Bugs are assertions (assert.ts); bad input is refused by schemas.
 *
 * Pure.
 */

export type ErrorCode =
  | 'invalid-input'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'too-many-requests'
  | 'not-ready'
  | 'config'
  | 'data-folder-in-use'
  | 'port-in-use'
  | 'store-corrupt'
  | 'store-foreign'
  | 'amnesia'
  | 'verification-failed'
  | 'policy-violation'
  | 'unavailable';

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
