/**
 * A trigger: everything an executor needs to act, and to refuse, without a network.
 *
 * Certificate + manifest + approvals, addressed to one executor, in an envelope signed by a
 * member of the certificate's epoch.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Certificate } from './certificate.ts';
import { Base64, DecisionId, Digest, EpochNumber, Name, Timestamp } from './common.ts';
import { Envelope } from './envelope.ts';

export const Trigger = Type.Object(
  {
    type: Type.Literal('trigger/1'),
    federation: Name,
    epoch: EpochNumber,
    tenant: Name,
    executor: Name,
    decisionId: DecisionId,
    certificate: Certificate,
    /** The manifest's stored bytes. */
    manifest: Base64,
    preState: Digest,
    policyHash: Digest,
    approvals: Type.Array(Envelope, { maxItems: 16 }),
    issuedBy: Name,
    issuedAt: Timestamp,
  },
  { $id: 'trigger/1', additionalProperties: false },
);
export type Trigger = Static<typeof Trigger>;
