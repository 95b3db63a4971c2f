/** What waits for people, with everything an approval binds to. */
import Type, { type Static } from 'typebox';
import { DecisionId, Digest, Impact, Target, Timestamp } from '#protocols/messages/common.ts';
import type { ProposalView } from '#regions/node.ts';
import { nullable } from './common.ts';
import { Diff, GateWire, gateWire } from './proposal.ts';

export const PendingWire = Type.Object(
  {
    proposal_id: DecisionId,
    target: Target,
    rationale: Type.String(),
    impact: nullable(Impact),
    missing: nullable(GateWire),
    digests: Type.Record(Type.String(), Digest),
    diff: Diff,
    expires_at: nullable(Timestamp),
  },
  { $id: 'pending/1', additionalProperties: false },
);

export function pendingWire(view: ProposalView): Static<typeof PendingWire> {
  const digests: Record<string, string> = {};
  if (view.digest) digests.manifest = view.digest;
  if (view.dryRun) digests.pre_state = view.dryRun.preState;
  if (view.manifest) digests.policy = view.manifest.policyHash;
  return {
    proposal_id: view.proposalId,
    target: view.target,
    rationale: view.manifest?.rationale ?? '',
    impact: view.manifest?.impact ?? null,
    missing: view.missing && gateWire(view.missing),
    digests,
    diff: view.dryRun?.diff ?? [],
    expires_at: view.expiresAt,
  };
}
