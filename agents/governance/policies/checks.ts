/**
 * Policies P1-P7 as this region enforces them on a manifest before it votes for it.
 *
 * | P1 | no personal data or secrets in free text                                        |
 * | P2 | the playbook is registered with this digest; policy and roster are those in force  |
 * | P3 | the action is allowed, its impact is not understated, its gate is not too weak   |
 * | P4 | the decision can be explained                                                    |
 * | P5 | every target belongs to the tenant and is registered; its home executes          |
 * | P6 | it ends within bounds                                                            |
 * | P7 | it can be undone, or says that it cannot                                         |
 *
 * Pure. Signatures are verified before a manifest gets here.
 */
import { tenantOf } from '#protocols/ids.ts';
import type { Impact } from '#protocols/messages/common.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { evaluateGate, isGateAtLeast, type Violation } from './gate.ts';
import { impactOf, isReversible } from './impact.ts';
import { findPersonalData } from './redact.ts';

/** A manifest that may start later than this from now is not an operation but a time bomb. */
export const notAfterMsMax = 24 * 60 * 60 * 1000;

export interface CheckFacts {
  readonly federation: string;
  readonly policy: Policy;
  readonly policyHash: string;
  readonly rosterHash: string;
  /** The signed playbook of the manifest's digest; null when this region has none. */
  readonly playbook: Playbook | null;
  /** What this region sees of the first target; null when it sees nothing. */
  readonly observed: TargetState | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Every policy the manifest breaks; empty when none. */
export function checkManifest(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  return [
    ...checkPrivacy(manifest),
    ...checkSigning(manifest, facts),
    ...checkSafety(manifest, facts),
    ...checkExplanation(manifest),
    ...checkTenancy(manifest, facts),
    ...checkTime(manifest, facts),
    ...checkRecovery(manifest, facts),
  ];
}

function checkPrivacy(manifest: Manifest): readonly Violation[] {
  const text = [manifest.rationale, ...manifest.gate.reasons].join('\n');
  return findPersonalData(text).map((kind) => violation('P1', `free text holds ${kind} data`));
}

function checkSigning(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  const { playbook } = manifest;
  const record = facts.policy.playbooks.find(
    (known) => known.id === playbook.id && known.version === playbook.version,
  );
  return [
    ...unless(record?.digest === playbook.digest, 'P2', 'the playbook version is not registered'),
    ...unless(manifest.policyHash === facts.policyHash, 'P2', 'another policy is in force'),
    ...unless(manifest.rosterHash === facts.rosterHash, 'P2', 'another roster is in force'),
    ...unless(manifest.federation === facts.federation, 'P2', 'made for another federation'),
  ];
}

function checkSafety(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  const { action } = manifest;
  const observed = facts.observed;
  const own = observed ? impactOf(action, observed, facts.policy.limits) : 'high';
  const impact = worse(own, manifest.impact);
  const { gate, violations } = evaluateGate(
    { ...manifest, impact, observed, document: facts.playbook },
    facts.policy,
  );
  return [
    ...violations.filter(({ policy }) => policy === 'P3'),
    ...unless(impact === manifest.impact, 'P3', `the impact is ${own}, not ${manifest.impact}`),
    ...unless(isGateAtLeast(gate, manifest.gate), 'P3', 'the gate is weaker than policy asks for'),
  ];
}

function checkExplanation(manifest: Manifest): readonly Violation[] {
  return unless(manifest.rationale.trim().length > 0, 'P4', 'there is no rationale');
}

function checkTenancy(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  const tenant = facts.policy.tenants.find(({ id }) => id === manifest.tenant);
  if (!tenant) return [violation('P5', `tenant ${manifest.tenant} is not registered`)];
  return manifest.targets.flatMap(({ target }) => {
    if (tenantOf(target) !== manifest.tenant) {
      return [violation('P5', `${target} belongs to another tenant`)];
    }
    const known = tenant.targets.find((registered) => registered.target === target);
    if (!known) return [violation('P5', `${target} is not registered`)];
    return unless(known.home === manifest.executor, 'P5', `the home of ${target} executes it`);
  });
}

function checkTime(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  const left = Date.parse(manifest.notAfter) - facts.now;
  return [
    ...unless(left > 0, 'P6', 'it has expired'),
    ...unless(left <= notAfterMsMax, 'P6', 'it would stay startable for more than a day'),
  ];
}

function checkRecovery(manifest: Manifest, facts: CheckFacts): readonly Violation[] {
  const undone = isReversible(manifest.action.kind) && (facts.playbook?.reversible ?? true);
  return unless(undone || !manifest.reversible, 'P7', 'it says that it can be undone and cannot');
}

const ranks: Readonly<Record<Impact, number>> = { low: 0, medium: 1, high: 2 };

function worse(a: Impact, b: Impact): Impact {
  return ranks[a] >= ranks[b] ? a : b;
}

function violation(policy: Violation['policy'], reason: string): Violation {
  return { policy, reason };
}

function unless(holds: boolean, policy: Violation['policy'], reason: string): readonly Violation[] {
  return holds ? [] : [violation(policy, reason)];
}
