/**
 * Approvals: which verdicts count towards a gate, and what is then still missing (spec 8).
 *
 * An approval counts only if it is bound to exactly this decision, manifest, pre-state and
 * policy, has not expired, was not used before, and is not by whoever put the decision forward.
 * A denial wins over every approval; it needs no more than an entitled person naming the
 * decision, since refusing is always safe. Nothing here reads a clock: the time is the highest
 * one on record, and the executor asks again at its intent.
 *
 * Pure.
 */
import { isGateFilled } from '#protocols/gate.ts';
import { type Instance, instanceKey } from '#protocols/ids.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import type { Gate, Role } from '#protocols/messages/manifest.ts';
import type { Decision } from '../events.ts';

/** What an approval must name, all of it. */
export interface Binding {
  readonly federation: string;
  readonly instance: Instance;
  readonly decisionId: string;
  readonly manifest: string;
  readonly preState: string;
  readonly policyHash: string;
}

/** A verdict with the roles that the roster gives its author for this tenant. */
export interface RecordedApproval {
  readonly approval: Approval;
  readonly roles: readonly Role[];
}

export interface TallyFacts {
  readonly gate: Gate;
  readonly binding: Binding;
  /** The person who put the decision forward, where it was one. */
  readonly submittedBy: string | null;
  /** Milliseconds since the Unix epoch: the highest time on record. */
  readonly at: number;
  /** Nonces of approvals that other decisions have used. */
  readonly usedNonces: readonly string[];
}

export interface Tally {
  readonly denial: Approval | null;
  /** Whose approvals count, in the order given. */
  readonly counted: readonly RecordedApproval[];
  readonly missing: Gate;
}

export type ApprovalFault =
  | 'unbound'
  | 'void-manifest'
  | 'drifted'
  | 'void-policy'
  | 'expired'
  | 'used'
  | 'proposer'
  | 'role';

/** Roles that may refuse: who may approve something may deny anything. */
const denierRoles: readonly Role[] = ['approver', 'org-admin', 'federation-admin'];

export function bindingOf(decision: Decision, dryRun: DryRun): Binding {
  return {
    federation: decision.manifest.federation,
    instance: decision.instance,
    decisionId: decision.decisionId,
    manifest: decision.digest,
    preState: dryRun.preState,
    policyHash: decision.manifest.policyHash,
  };
}

/** Why a verdict does not count; null when it does. */
export function faultOf(recorded: RecordedApproval, facts: TallyFacts): ApprovalFault | null {
  const { approval, roles } = recorded;
  if (!namesDecision(approval, facts.binding)) return 'unbound';
  if (approval.verdict === 'deny') {
    return roles.some((role) => denierRoles.includes(role)) ? null : 'role';
  }
  if (approval.manifest !== facts.binding.manifest) return 'void-manifest';
  if (approval.preState !== facts.binding.preState) return 'drifted';
  if (approval.policyHash !== facts.binding.policyHash) return 'void-policy';
  // A date that does not exist is not in the future.
  if (!(Date.parse(approval.expiresAt) > facts.at)) return 'expired';
  if (facts.usedNonces.includes(approval.nonce)) return 'used';
  if (approval.approver === facts.submittedBy) return 'proposer';
  return facts.gate.approvals.some(({ role }) => roles.includes(role)) ? null : 'role';
}

/** What the recorded verdicts amount to. */
export function tally(facts: TallyFacts, recorded: readonly RecordedApproval[]): Tally {
  const valid = recorded.filter((each) => faultOf(each, facts) === null);
  const denial = valid.find(({ approval }) => approval.verdict === 'deny')?.approval ?? null;
  // A nonce belongs to the first verdict that has it, also when that one counts no longer.
  const single = recorded.filter((each, index) => nonceIndex(recorded, each) === index);
  const counted = distinct(
    valid.filter((each) => each.approval.verdict === 'approve' && single.includes(each)),
  );
  return { denial, counted, missing: missingOf(facts.gate, counted) };
}

/**
 * What the gate still asks for. Places are filled one after the other as long as all filled so
 * far can be filled together, which fills as many as any other order would.
 */
export function missingOf(gate: Gate, approvals: readonly RecordedApproval[]): Gate {
  const people = distinct(approvals.filter(({ approval }) => approval.mfa || !gate.mfa));
  const approvers = people.map(({ approval, roles }) => ({ roles, mfa: approval.mfa }));
  const filled: Role[] = [];
  const free: Role[] = [];
  for (const role of gate.approvals.flatMap(({ role, count }) => Array<Role>(count).fill(role))) {
    const tried = asking([...filled, role], gate);
    (isGateFilled(tried, approvers) ? filled : free).push(role);
  }
  const secondApprover = gate.secondApprover && people.length < 2;
  const isMissing = free.length > 0 || secondApprover;
  return {
    ...asking(free, gate),
    secondApprover,
    mfa: gate.mfa && isMissing,
    reasons: isMissing ? gate.reasons : [],
  };
}

/** A gate that asks for one person of each of the roles, and nothing else but a factor. */
function asking(roles: readonly Role[], { mfa }: Gate): Gate {
  const approvals = [...new Set(roles)].map((role) => ({
    role,
    count: roles.filter((other) => other === role).length,
  }));
  return { approvals, secondApprover: false, mfa, reasons: [] };
}

function namesDecision(approval: Approval, binding: Binding): boolean {
  return (
    approval.decisionId === binding.decisionId &&
    approval.federation === binding.federation &&
    approval.instance.tenant === binding.instance.tenant &&
    instanceKey(approval.instance) === instanceKey(binding.instance)
  );
}

function nonceIndex(recorded: readonly RecordedApproval[], { approval }: RecordedApproval): number {
  return recorded.findIndex((other) => other.approval.nonce === approval.nonce);
}

/** One approval a person: the first. */
function distinct(recorded: readonly RecordedApproval[]): readonly RecordedApproval[] {
  return recorded.filter(
    ({ approval }, index) =>
      recorded.findIndex((other) => other.approval.approver === approval.approver) === index,
  );
}
