/**
 * The field types that messages share, each with its bound.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';

/** Names of regions, tenants, services, playbooks: DNS-label shaped, to fit everywhere. */
export const Name = Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$', minLength: 1, maxLength: 63 });

/** `tenant/service`, or `federation/journal`. */
export const Target = Type.String({
  pattern: '^[a-z][a-z0-9-]{0,62}/[a-z][a-z0-9-]{0,62}$',
  maxLength: 127,
});

export const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$', maxLength: 71 });
export const DecisionId = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 });
export const Version = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const EpochNumber = Type.Integer({ minimum: 1, maximum: 2 ** 21 - 1 });
export const Round = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });

/** RFC 3339 in UTC with milliseconds: one spelling for one instant. */
export const Timestamp = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
  maxLength: 24,
});

/** A number between 0 and 1. */
export const Share = Type.Number({ minimum: 0, maximum: 1 });
export const Text = Type.String({ maxLength: 2000 });
export const ShortText = Type.String({ maxLength: 200 });
export const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 });
export const PublicKey = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 });
export const Signature = Type.String({ pattern: '^[0-9a-f]{128}$', maxLength: 128 });
export const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 400_000 });

/** `nil`, `abort`, or a body's digest. */
export const Value = Type.Union([Type.Literal('nil'), Type.Literal('abort'), Digest]);
/** What can be certified: never nil. */
export const DecidedValue = Type.Union([Type.Literal('abort'), Digest]);

export const Severity = Type.Union([
  Type.Literal('low'),
  Type.Literal('medium'),
  Type.Literal('high'),
  Type.Literal('critical'),
]);
export type Severity = Static<typeof Severity>;

export const Impact = Type.Union([
  Type.Literal('low'),
  Type.Literal('medium'),
  Type.Literal('high'),
]);
export type Impact = Static<typeof Impact>;

export const InstanceRef = Type.Object(
  { tenant: Name, target: Target, version: Version },
  { additionalProperties: false },
);
export type InstanceRef = Static<typeof InstanceRef>;
