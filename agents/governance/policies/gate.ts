/**
 * The gate: which approvals policy asks for before an enactment (P3 and P5, spec 7 and 12).
 *
 * An empty gate means that no person is asked. That takes all of: the phase's whitelist, a
 * playbook version with `safety.mode: auto`, `org-admin` among its allowed roles, its signer on
 * record in the policy, a reversible action and an impact below high. Whatever is not known
 * counts against it.
 *
 * `mfa` stays false until verdicts carry a step-up proof; high impact names it in its reasons,
 * so that the gate will only ever get stronger.
 *
 * Pure.
 */
import { journalTenant, tenantOf } from '#protocols/ids.ts';
import type { Impact } from '#protocols/messages/common.ts';
import type { Phase, Policy } from '#protocols/messages/epoch.ts';
import type { Action, Gate, PlaybookRef } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import type { PolicyName } from '../../events.ts';
import { isWhitelisted } from './phases.ts';

export interface Violation {
  readonly policy: PolicyName;
  readonly reason: string;
}

/** What the gate depends on. */
export interface GateFacts {
  readonly tenant: string;
  readonly targets: readonly { readonly target: string }[];
  readonly action: Action;
  readonly impact: Impact;
  readonly reversible: boolean;
  readonly playbook: PlaybookRef;
  /** The signed playbook of that digest; null when this region has none. */
  readonly document: Playbook | null;
  /** What this region sees of the target; null when it sees nothing. */
  readonly observed: TargetState | null;
}

export interface GateEvaluation {
  readonly gate: Gate;
  readonly violations: readonly Violation[];
}

/** What policy asks for, and which policies the proposal breaks whoever approves it. */
export function evaluateGate(facts: GateFacts, policy: Policy): GateEvaluation {
  const tenant = policy.tenants.find(({ id }) => id === facts.tenant);
  const impact = impactAt(tenant?.phase ?? 'L3', facts);
  const crosses = isGlobal(facts);
  const held = whyNotAutomatic({ facts, policy, phase: tenant?.phase ?? 'L3', impact, crosses });
  return { gate: gateOf(impact, crosses, held), violations: violationsOf(facts, policy) };
}

/**
 * Whether whatever satisfies the offered gate also satisfies ours. Roles are compared by name:
 * more of another role is not more of this one.
 */
export function isGateAtLeast(own: Gate, offered: Gate): boolean {
  const roles = own.approvals.map(({ role }) => role);
  return (
    roles.every((role) => countOf(offered, role) >= countOf(own, role)) &&
    (offered.secondApprover || !own.secondApprover) &&
    (offered.mfa || !own.mfa)
  );
}

/** Whether nothing is missing any more. */
export function isOpen(gate: Gate): boolean {
  return gate.approvals.length === 0 && !gate.secondApprover && !gate.mfa;
}

/** A failover is high risk only beyond what the phase's whitelist trusts it with (spec 12). */
function impactAt(phase: Phase, facts: GateFacts): Impact {
  const trusted = facts.action.kind === 'failover' && facts.reversible;
  if (trusted && isWhitelisted(phase, facts.action, facts.observed)) return 'medium';
  return facts.reversible ? facts.impact : 'high';
}

function isGlobal(facts: GateFacts): boolean {
  return (
    facts.tenant === journalTenant ||
    facts.targets.some(({ target }) => tenantOf(target) !== facts.tenant)
  );
}

interface Question {
  readonly facts: GateFacts;
  readonly policy: Policy;
  readonly phase: Phase;
  readonly impact: Impact;
  readonly crosses: boolean;
}

function whyNotAutomatic({ facts, policy, phase, impact, crosses }: Question): readonly string[] {
  const { document, playbook } = facts;
  const record = policy.playbooks.find(
    (known) => known.id === playbook.id && known.version === playbook.version,
  );
  const signed = record?.digest === playbook.digest && record.signedBy === document?.signedBy;
  const tests: readonly (readonly [boolean, string])[] = [
    [crosses, 'P5: several tenants or the whole federation'],
    [!facts.reversible, 'P3: irreversible'],
    [impact === 'high', 'P3: high impact, and a second factor where verdicts carry one'],
    [!isWhitelisted(phase, facts.action, facts.observed), `P3: not on the whitelist of ${phase}`],
    [document?.safety.mode !== 'auto', 'P3: the playbook is manual'],
    [!document?.allowedRoles.includes('org-admin'), 'P3: the playbook does not allow org-admin'],
    [!signed, "P3: the playbook's signer is not on record"],
  ];
  return tests.filter(([holds]) => holds).map(([, reason]) => reason);
}

function gateOf(impact: Impact, crosses: boolean, reasons: readonly string[]): Gate {
  if (reasons.length === 0) {
    return { approvals: [], secondApprover: false, mfa: false, reasons: [] };
  }
  const role = impact === 'high' ? ('org-admin' as const) : ('approver' as const);
  return {
    approvals: [{ role, count: 1 }],
    secondApprover: crosses,
    mfa: false,
    reasons: [...reasons],
  };
}

function violationsOf(facts: GateFacts, policy: Policy): readonly Violation[] {
  const { action, document, tenant } = facts;
  const violations: Violation[] = [];
  // Lifting a stop is no playbook's action: it is always open to a decision.
  const allowed = action.kind === 'resume' || policy.actionsAllowed.includes(action.kind);
  if (!allowed) violations.push({ policy: 'P3', reason: `action ${action.kind} is not allowed` });
  if (document && action.kind !== 'resume' && document.action !== action.kind) {
    violations.push({ policy: 'P3', reason: `the playbook is for ${document.action}` });
  }
  if (!policy.tenants.some(({ id }) => id === tenant)) {
    violations.push({ policy: 'P5', reason: `tenant ${tenant} is not registered` });
  }
  return violations;
}

function countOf(gate: Gate, role: string): number {
  return gate.approvals.reduce((sum, ask) => (ask.role === role ? sum + ask.count : sum), 0);
}
