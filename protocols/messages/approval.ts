/**
 * An approval: one person's signed verdict on exactly one decision.
 *
 * Bound to decision, manifest, observed pre-state and policy; it expires, is used once (by its
 * nonce) and is void when any of these has changed since. A denial wins over every approval.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { DecisionId, Digest, Hash, InstanceRef, Name, ShortText, Timestamp } from './common.ts';

export const Approval = Type.Object(
  {
    type: Type.Literal('approval/1'),
    federation: Name,
    instance: InstanceRef,
    decisionId: DecisionId,
    manifest: Digest,
    preState: Digest,
    policyHash: Digest,
    approver: Name,
    verdict: Type.Union([Type.Literal('approve'), Type.Literal('deny')]),
    reason: ShortText,
    mfa: Type.Boolean(),
    at: Timestamp,
    expiresAt: Timestamp,
    nonce: Hash,
  },
  { $id: 'approval/1', additionalProperties: false },
);
export type Approval = Static<typeof Approval>;
