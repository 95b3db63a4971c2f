/**
 * What governance knows of its open decisions, and what follows from it.
 *
 * Pure.
 */
import type { Approval } from '#protocols/messages/approval.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import type { Gate } from '#protocols/messages/manifest.ts';
import type { CloseOutcome, Decision, GovernanceEvent } from '../events.ts';
import {
  type ApprovalFault,
  bindingOf,
  faultOf,
  type RecordedApproval,
  type Tally,
  type TallyFacts,
  tally,
} from './approvals.ts';
import { isOpen } from './policies/gate.ts';

/** More verdicts than this on one decision are not heard: nobody has so many approvers. */
export const approvalsMax = 100;

/** One decision on its way to a release. */
export interface Case {
  readonly decision: Decision;
  readonly approvalTtlMs: number;
  readonly dryRun: DryRun | null;
  readonly ttlLeftMs: number;
  readonly approvals: readonly RecordedApproval[];
}

/** What governance must remember of a case to open it again. */
export interface CaseRecord extends Omit<Case, 'approvalTtlMs' | 'ttlLeftMs'> {
  /** Closed here; kept until its enactment is on record. */
  readonly isClosed: boolean;
}

/** When the gate expires: counted from the dry-run, so that every region names one instant. */
export function expiresAtOf(dryRun: DryRun, approvalTtlMs: number): number {
  return Date.parse(dryRun.at) + approvalTtlMs;
}

/** The verdicts so far; before the dry-run nothing can be bound to, so nothing counts. */
export function tallyOf(known: Case): Tally {
  const facts = factsOf(known);
  if (!facts) return { denial: null, counted: [], missing: known.decision.manifest.gate };
  return tally(facts, known.approvals);
}

/** Why this one verdict does not count; `late` after the gate has expired. */
export function faultIn(known: Case, recorded: RecordedApproval): ApprovalFault | 'late' | null {
  const facts = factsOf({ ...known, approvals: [...known.approvals, recorded] });
  if (!facts || !known.dryRun) return null;
  const expiresAt = expiresAtOf(known.dryRun, known.approvalTtlMs);
  const isLate = Date.parse(recorded.approval.at) >= expiresAt;
  if (isLate && recorded.approval.verdict === 'approve') return 'late';
  return faultOf(recorded, facts);
}

/**
 * Whether the certified gate asks nobody although P3 wants a person: a quorum that certified
 * this was wrong or lying, and governance does not act on it.
 */
export function isGateUnsafe({ manifest }: Decision): boolean {
  return isOpen(manifest.gate) && (manifest.impact === 'high' || !manifest.reversible);
}

export function missingIn(known: Case): Gate {
  return tallyOf(known).missing;
}

export interface Closing {
  readonly outcome: CloseOutcome;
  readonly reason: string;
}

export function closingOf(known: Case): Closing {
  const { denial } = tallyOf(known);
  if (known.dryRun?.verdict === 'fail') {
    return { outcome: 'failed', reason: `dry-run: ${known.dryRun.reasons.join('; ')}` };
  }
  if (isGateUnsafe(known.decision)) {
    return { outcome: 'void', reason: 'P3: nobody was asked for what needs a person' };
  }
  if (denial)
    return { outcome: 'denied', reason: `denied by ${denial.approver}: ${denial.reason}` };
  return { outcome: 'expired', reason: 'the approvals did not come in time' };
}

/** The open cases with one more; an older one of the target that is not ours will end unheard. */
export function openCase(
  open: Readonly<Record<string, CaseRecord>>,
  decision: Decision,
): Readonly<Record<string, CaseRecord>> {
  const outlived = new Set(outlivedBy(open, decision));
  const kept = Object.entries(open).filter(([id]) => !outlived.has(id));
  const record: CaseRecord = { decision, dryRun: null, approvals: [], isClosed: false };
  return Object.fromEntries([...kept, [decision.decisionId, record]]);
}

/** Cases of other executors that a newer version of their target replaces. */
export function outlivedBy(
  open: Readonly<Record<string, CaseRecord>>,
  { instance }: Decision,
): readonly string[] {
  return Object.values(open)
    .map(({ decision }) => decision)
    .filter((other) => !other.mine && other.instance.target === instance.target)
    .filter((other) => other.instance.version < instance.version)
    .map(({ decisionId }) => decisionId);
}

/** Whether another open decision already holds an approval of this nonce: it is single use. */
export function isNonceTaken(
  open: Readonly<Record<string, CaseRecord>>,
  { decisionId, nonce }: Approval,
): boolean {
  return Object.values(open).some(
    ({ decision, approvals }) =>
      decision.decisionId !== decisionId &&
      approvals.some(({ approval }) => approval.nonce === nonce),
  );
}

/** What to tell a fresh governance so that it knows what this one knew. */
export function recoverGovernance(
  open: Readonly<Record<string, CaseRecord>>,
): readonly GovernanceEvent[] {
  return Object.values(open).flatMap(({ decision, dryRun, approvals }) => [
    { type: 'decision.certified' as const, decision },
    ...(dryRun ? [{ type: 'dry-run.recorded' as const, dryRun }] : []),
    ...approvals.map((each) => ({ type: 'approval.recorded' as const, ...each })),
  ]);
}

function factsOf({ decision, dryRun, approvals }: Case): TallyFacts | null {
  if (!dryRun) return null;
  const times = [dryRun.at, ...approvals.map(({ approval }) => approval.at)];
  return {
    gate: decision.manifest.gate,
    binding: bindingOf(decision, dryRun),
    submittedBy: decision.submittedBy ?? null,
    at: Math.max(...times.map((time) => Date.parse(time))),
    usedNonces: [],
  };
}
