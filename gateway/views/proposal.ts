/** A proposal with its votes, certificate, gate and outcome. */
import { createHash } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { VoteStep } from '#protocols/messages/ballot.ts';
import { Certificate } from '#protocols/messages/certificate.ts';
import {
  DecisionId,
  Digest,
  Impact,
  Name,
  Share,
  Target,
  Timestamp,
  Version,
} from '#protocols/messages/common.ts';
import { EnactmentOutcome } from '#protocols/messages/enactment.ts';
import { type Gate, Manifest, Role } from '#protocols/messages/manifest.ts';
import type { ProposalView, VoteView } from '#regions/node.ts';
import { closed, nullable } from './common.ts';

export const GateWire = Type.Object(
  {
    approvals: Type.Array(Type.Object({ role: Role, count: Type.Integer() }, closed)),
    second_approver: Type.Boolean(),
    mfa: Type.Boolean(),
    reasons: Type.Array(Type.String()),
  },
  { $id: 'gate/1', additionalProperties: false },
);

export const Diff = Type.Array(
  Type.Object({ field: Type.String(), from: Type.String(), to: Type.String() }, closed),
);

export const VoteWire = Type.Object(
  {
    region: Name,
    round: Type.Integer(),
    step: VoteStep,
    value: Type.String(),
    verdict: nullable(Type.String()),
    confidence: nullable(Share),
    reason: nullable(Type.String()),
    /** When the region that answers first held it. */
    at: nullable(Timestamp),
  },
  closed,
);

const DryRunWire = Type.Object(
  {
    verdict: Type.Union([Type.Literal('pass'), Type.Literal('fail')]),
    diff: Diff,
    blast_radius: Type.Number(),
    cost_delta: Type.Number(),
    pre_state_sha256: Digest,
    reasons: Type.Array(Type.String()),
    at: Timestamp,
  },
  closed,
);

const ApprovalWire = Type.Object(
  { approver: Name, verdict: Type.String(), reason: Type.String(), at: Timestamp },
  closed,
);

const ExecutionWire = Type.Object(
  {
    executor: Name,
    outcome: EnactmentOutcome,
    reason: Type.String(),
    pre_sha256: nullable(Digest),
    post_sha256: nullable(Digest),
    started_at: nullable(Timestamp),
    ended_at: Timestamp,
  },
  closed,
);

const ScoreWire = Type.Object(
  {
    confidence: Share,
    risk: Share,
    cost_estimate: Type.Number(),
    reversibility: Share,
    explanation: Type.Array(Type.String()),
  },
  closed,
);

/** As in regions/node.ts, which the compiler compares in proposalWire. */
export const ProposalStatus = Type.Union([
  Type.Literal('negotiating'),
  Type.Literal('certified'),
  Type.Literal('pending-approval'),
  Type.Literal('released'),
  Type.Literal('enacting'),
  Type.Literal('enacted'),
  Type.Literal('rolled-back'),
  Type.Literal('void'),
  Type.Literal('denied'),
  Type.Literal('expired'),
  Type.Literal('superseded'),
  Type.Literal('aborted'),
  Type.Literal('failed'),
  Type.Literal('lost'),
]);

export const ProposalWire = Type.Object(
  {
    proposal_id: DecisionId,
    tenant_id: Name,
    target: Target,
    version: Version,
    status: ProposalStatus,
    impact: nullable(Impact),
    digest: nullable(Digest),
    manifest: nullable(Manifest),
    score: nullable(ScoreWire),
    dry_run: nullable(DryRunWire),
    opened_at: Timestamp,
    decided_at: nullable(Timestamp),
    /** Who may vote, and how many must agree. */
    members: Type.Array(Name),
    quorum: Type.Integer(),
    votes: Type.Array(VoteWire),
    /** Members caught signing two values for one slot. */
    equivocations: Type.Array(
      Type.Object({ region: Name, reason: Type.String(), at: Timestamp }, closed),
    ),
    counters: Type.Array(Type.Object({ region: Name, digest: Digest, manifest: Manifest }, closed)),
    certificate: nullable(Certificate),
    gate: nullable(GateWire),
    approvals: Type.Array(ApprovalWire),
    executions: Type.Array(ExecutionWire),
    expires_at: nullable(Timestamp),
    updated_at: Timestamp,
  },
  { $id: 'proposal/1', additionalProperties: false },
);
export type ProposalWire = Static<typeof ProposalWire>;

/** `score` is the judgement of the region that answers. */
export function proposalWire(view: ProposalView, region: string): ProposalWire {
  return {
    proposal_id: view.proposalId,
    tenant_id: view.tenant,
    target: view.target,
    version: view.version,
    status: view.status,
    impact: view.manifest?.impact ?? null,
    digest: view.digest,
    manifest: view.manifest,
    score: scoreWire(view, region),
    dry_run: dryRunWire(view),
    opened_at: view.openedAt,
    decided_at: view.decidedAt,
    members: [...view.members],
    quorum: view.quorum,
    votes: view.votes.map(voteWire),
    equivocations: view.equivocations.map(({ region: of, reason, at }) => ({
      region: of,
      reason,
      at,
    })),
    counters: view.counters.map(({ region: by, digest, manifest }) => ({
      region: by,
      digest,
      manifest,
    })),
    certificate: view.certificate,
    gate: view.missing && gateWire(view.missing),
    approvals: view.approvals.map((approval) => ({ ...approval })),
    executions: view.enactment ? [executionWire(view.enactment)] : [],
    expires_at: view.expiresAt,
    updated_at: view.updatedAt,
  };
}

export function voteWire(vote: VoteView): Static<typeof VoteWire> {
  return {
    region: vote.region,
    round: vote.round,
    step: vote.step,
    value: vote.value,
    verdict: vote.judgement?.verdict ?? null,
    confidence: vote.judgement?.confidence ?? null,
    reason: vote.judgement?.reasons.join('; ') ?? null,
    at: vote.at,
  };
}

function scoreWire(view: ProposalView, region: string): ProposalWire['score'] {
  const own = view.votes.findLast((vote) => vote.region === region && vote.judgement)?.judgement;
  if (!own) return null;
  return {
    confidence: own.confidence,
    risk: own.risk,
    cost_estimate: own.costEstimate,
    reversibility: own.reversibility,
    explanation: own.reasons,
  };
}

function dryRunWire({ dryRun }: ProposalView): ProposalWire['dry_run'] {
  if (!dryRun) return null;
  return {
    verdict: dryRun.verdict,
    diff: dryRun.diff,
    blast_radius: dryRun.blastRadius,
    cost_delta: dryRun.costDelta,
    pre_state_sha256: dryRun.preState,
    reasons: dryRun.reasons,
    at: dryRun.at,
  };
}

function executionWire(enactment: NonNullable<ProposalView['enactment']>) {
  return {
    executor: enactment.executor,
    outcome: enactment.outcome,
    reason: enactment.reason,
    pre_sha256: enactment.preState ?? null,
    post_sha256: enactment.postState ?? null,
    started_at: enactment.startedAt ?? null,
    ended_at: enactment.endedAt,
  };
}

export function gateWire(gate: Gate): Static<typeof GateWire> {
  const { approvals, secondApprover, mfa, reasons } = gate;
  return { approvals, second_approver: secondApprover, mfa, reasons };
}

/** Changes whenever an approver would look at something else than before. */
export function etagOf(view: ProposalView): string {
  const seen = JSON.stringify([view.proposalId, view.status, view.digest, view.updatedAt]);
  return `"${createHash('sha256').update(seen).digest('hex').slice(0, 32)}"`;
}
