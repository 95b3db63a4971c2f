/**
 * DSSE envelopes: what is verified is the stored payload bytes, never a re-serialisation.
 *
 * Source: secure-systems-lab/dsse, protocol 1.0.2. Each kind of document has its own payload
 * type (`application/vnd.quorate.<kind>+json`), so nothing signed for one purpose is valid for
 * another. Signatures are lower-case-hex key ids and base64 Ed25519 signatures.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Base64, PublicKey } from './common.ts';

const closed = { additionalProperties: false } as const;

export const Envelope = Type.Object(
  {
    payloadType: Type.String({
      pattern: '^application/vnd\\.quorate\\.[a-z-]+\\+json$',
      maxLength: 80,
    }),
    payload: Base64,
    signatures: Type.Array(
      Type.Object({ keyid: PublicKey, sig: Type.String({ maxLength: 88 }) }, closed),
      { minItems: 1, maxItems: 64 },
    ),
  },
  { $id: 'envelope/1', additionalProperties: false },
);
export type Envelope = Static<typeof Envelope>;

/** The kinds of document that are signed as envelopes. */
export type DocumentKind =
  | 'manifest'
  | 'playbook'
  | 'approval'
  | 'trigger'
  | 'stop'
  | 'enactment'
  | 'epoch'
  | 'journal-entry'
  | 'dry-run';

export function payloadTypeOf(kind: DocumentKind): string {
  return `application/vnd.quorate.${kind}+json`;
}
