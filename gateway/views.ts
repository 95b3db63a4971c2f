/**
 * What the gateway shows on the wire: snake_case views of the region's own types.
 *
 * Signed documents (manifests, certificates) are shown as they are: their digests cover their
 * field names. The schemas here type the views and become the OpenAPI document.
 */
import { createHash } from 'node:crypto';
import Type, { type Static, type TSchema } from 'typebox';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import { AuditStep } from '#protocols/messages/audit.ts';
import { VoteStep } from '#protocols/messages/ballot.ts';
import { Certificate } from '#protocols/messages/certificate.ts';
import {
  DecisionId,
  Digest,
  Impact,
  Name,
  Severity,
  Share,
  Target,
  Timestamp,
  Version,
} from '#protocols/messages/common.ts';
import { EnactmentOutcome } from '#protocols/messages/enactment.ts';
import { type Gate, Manifest, Role } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import type { ProposalView } from '#regions/node.ts';

const closed = { additionalProperties: false } as const;

function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** Lists are always `{items, next}`; `next` is the cursor of the following page. */
export function listOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), next: nullable(Type.String()) }, closed);
}

export const GateWire = Type.Object(
  {
    approvals: Type.Array(Type.Object({ role: Role, count: Type.Integer() }, closed)),
    second_approver: Type.Boolean(),
    mfa: Type.Boolean(),
    reasons: Type.Array(Type.String()),
  },
  { $id: 'gate/1', additionalProperties: false },
);

const Diff = Type.Array(
  Type.Object({ field: Type.String(), from: Type.String(), to: Type.String() }, closed),
);

const VoteWire = Type.Object(
  {
    region: Name,
    round: Type.Integer(),
    step: VoteStep,
    value: Type.String(),
    verdict: nullable(Type.String()),
    confidence: nullable(Share),
    reason: nullable(Type.String()),
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

export const ProposalWire = Type.Object(
  {
    proposal_id: DecisionId,
    tenant_id: Name,
    target: Target,
    version: Version,
    status: Type.String(),
    impact: nullable(Impact),
    digest: nullable(Digest),
    manifest: nullable(Manifest),
    score: nullable(ScoreWire),
    dry_run: nullable(DryRunWire),
    votes: Type.Array(VoteWire),
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
    votes: view.votes.map((vote) => ({
      region: vote.region,
      round: vote.round,
      step: vote.step,
      value: vote.value,
      verdict: vote.judgement?.verdict ?? null,
      confidence: vote.judgement?.confidence ?? null,
      reason: vote.judgement?.reasons.join('; ') ?? null,
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

/** Changes whenever an approver would look at something else than before. */
export function etagOf(view: ProposalView): string {
  const seen = JSON.stringify([view.proposalId, view.status, view.digest, view.updatedAt]);
  return `"${createHash('sha256').update(seen).digest('hex').slice(0, 32)}"`;
}

export const AuditWire = Type.Object(
  {
    seq: Type.Integer(),
    region: Name,
    at: Timestamp,
    step: AuditStep,
    actor: Type.String(),
    tenant_id: Name,
    target: nullable(Target),
    version: nullable(Version),
    proposal_id: nullable(DecisionId),
    why: Type.String(),
    facts: Type.Record(Type.String(), Type.Unknown()),
    digests: Type.Record(Type.String(), Digest),
  },
  { $id: 'audit-view/1', additionalProperties: false },
);

export function auditWire(entry: AuditEntry): Static<typeof AuditWire> {
  return {
    seq: entry.seq,
    region: entry.region,
    at: entry.at,
    step: entry.step,
    actor: entry.actor,
    tenant_id: entry.tenant,
    target: entry.target ?? null,
    version: entry.version ?? null,
    proposal_id: entry.decisionId ?? null,
    why: entry.reason,
    facts: entry.facts,
    digests: entry.digests,
  };
}

const scores = {
  security: Share,
  cost: Share,
  performance: Share,
  overall: Share,
  severity: Severity,
};

export const RiskWire = Type.Object(
  {
    risk_id: Type.String(),
    tenant_id: Name,
    ...scores,
    services: Type.Array(Type.Object({ service: Name, ...scores }, closed)),
    contributions: Type.Array(
      Type.Object(
        {
          factor: Type.String(),
          service: Name,
          weight: Share,
          signal_id: nullable(Type.String()),
        },
        closed,
      ),
    ),
    ts: Timestamp,
  },
  { $id: 'risk-view/1', additionalProperties: false },
);

export function riskWire(risk: Risk): Static<typeof RiskWire> {
  return {
    risk_id: risk.riskId,
    tenant_id: risk.tenant,
    security: risk.security,
    cost: risk.cost,
    performance: risk.performance,
    overall: risk.overall,
    severity: risk.severity,
    services: risk.services,
    contributions: risk.contributions.map(({ factor, service, weight, signalId }) => ({
      factor,
      service,
      weight,
      signal_id: signalId ?? null,
    })),
    ts: risk.at,
  };
}

export const SignalWire = Type.Object(
  {
    signal_id: Type.String(),
    ts: Timestamp,
    service: Name,
    region: Name,
    metric: Name,
    severity: Severity,
    score: Share,
    method: Type.String(),
    hint: Type.String(),
    /** Signals are not grouped into incidents by this version. */
    incident_id: Type.Null(),
  },
  { $id: 'signal-view/1', additionalProperties: false },
);

export function signalWire(signal: Signal): Static<typeof SignalWire> {
  const { signalId, at, service, region, metric, severity, score, method, hint } = signal;
  return {
    signal_id: signalId,
    ts: at,
    service,
    region,
    metric,
    severity,
    score,
    method,
    hint,
    incident_id: null,
  };
}
