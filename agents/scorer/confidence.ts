/**
 * Judging a manifest: does what this region has seen itself support this action?
 *
 * Regions judge alone, with their own signals; that is what makes a quorum worth more than one
 * region's word. A manifest is refused first for being nonsense for the state that is seen here,
 * then for understating its reach, then for lack of evidence. A manifest that names no risk was
 * asked for by a person: it is supported unless what is seen here speaks against it, and only if
 * somebody must approve it.
 *
 * Reasons are for people: short sentences about what was seen.
 *
 * Pure.
 */
import { impactOf, isReversible } from '#agents/governance/policies/impact.ts';
import { objectionTo, scaledReplicas } from '#agents/negotiator/actions.ts';
import { scaleFactorFor } from '#agents/negotiator/negotiator.logic.ts';
import { required } from '#protocols/assert.ts';
import { serviceOf } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Impact } from '#protocols/messages/common.ts';
import type { Action, ActionKind, Manifest } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { costDelta } from './cost.ts';
import { type Evidence, either, type FactorName, loadOf, wasteOf } from './factors.ts';
import { type RiskLimits, riskLimits, type ScorerState, type Seen, weightOf } from './risk.ts';

export interface JudgeInput {
  readonly state: ScorerState;
  readonly manifest: Manifest;
  /** What this region's driver sees of the target; null when it sees none. */
  readonly observed: TargetState | null;
  /** From the policy in force. */
  readonly confidenceMin: number;
  readonly scaleHighRiskFactor: number;
  readonly limits?: RiskLimits;
}

/** How much evidence each action needs: the more drastic, the more. */
export const supportMin: Readonly<Record<ActionKind, number>> = {
  scale: 0.2,
  restart: 0.2,
  rightsize: 0.2,
  rollback: 0.3,
  failover: 0.5,
  'rotate-keys': 0.5,
  resume: 0.5,
};

const purpose: Readonly<Record<ActionKind, string>> = {
  scale: 'scaling out',
  restart: 'a restart',
  rollback: 'a rollback',
  failover: 'a failover',
  rightsize: 'rightsizing',
  'rotate-keys': 'a key rotation',
  resume: 'resuming',
};

const reasonsMax = 8;
const recentMs = 6 * 3_600_000;

interface Finding {
  readonly verdict: Judgement['verdict'];
  readonly support: number;
  readonly reasons: readonly string[];
}

export function judge(input: JudgeInput): Judgement {
  const { manifest, observed } = input;
  const found = findingOn(input);
  const confidence = 0.5 + (found.verdict === 'accept' ? found.support : 1 - found.support) / 2;
  const isSure = found.verdict === 'reject' || confidence >= input.confidenceMin;
  const unsure = `confidence ${confidence.toFixed(2)} is below ${input.confidenceMin.toFixed(2)}`;
  const reasons = isSure ? found.reasons : [unsure, ...found.reasons];
  return {
    verdict: isSure ? found.verdict : 'reject',
    confidence: round(confidence),
    risk: round(riskOfActing(manifest)),
    costEstimate: observed ? costDelta(manifest.action, observed) : 0,
    reversibility: isReversible(manifest.action.kind) ? 1 : 0,
    reasons: reasons.slice(0, reasonsMax).map((reason) => reason.slice(0, 200)),
  };
}

function findingOn(input: JudgeInput): Finding {
  const { manifest, observed } = input;
  const refuse = (reason: string): Finding => ({
    verdict: 'reject',
    support: 0,
    reasons: [reason],
  });
  if (!observed) return refuse('this region does not see the target');
  if (manifest.targets.length > 1) return refuse('one action for several targets is not supported');
  const objection = objectionTo(manifest.action, observed);
  if (objection) return refuse(objection);
  const understated = understatement(input, observed);
  if (understated) return refuse(understated);
  const seen = seenOf(input);
  const evidence = evidenceOf(seen, input);
  return manifest.riskId === undefined
    ? onRequest(manifest, evidence)
    : onEvidence(input, observed, evidence);
}

/** The manifest claims less reach than the action has for the state seen here. */
function understatement(input: JudgeInput, observed: TargetState): string | null {
  const { manifest, scaleHighRiskFactor } = input;
  const impacts: readonly Impact[] = ['low', 'medium', 'high'];
  const impact = impactOf(manifest.action, observed, { scaleHighRiskFactor });
  if (impacts.indexOf(manifest.impact) < impacts.indexOf(impact)) {
    return `its impact is ${impact}, not ${manifest.impact} as it says`;
  }
  const lies = manifest.reversible && !isReversible(manifest.action.kind);
  return lies ? 'it says that it can be undone, which it cannot' : null;
}

/** A person asked for it and a person must approve it: only contrary evidence counts. */
function onRequest(manifest: Manifest, evidence: Evidence): Finding {
  if (manifest.gate.approvals.length === 0) {
    return {
      verdict: 'reject',
      support: 0,
      reasons: ['it names no evidence and nobody has to approve it'],
    };
  }
  const contrary = contraryOf(manifest.action, evidence);
  return contrary >= supportMin[manifest.action.kind]
    ? {
        verdict: 'reject',
        support: 1 - contrary,
        reasons: [`the load seen here speaks against ${purpose[manifest.action.kind]}`],
      }
    : {
        verdict: 'accept',
        support: Math.max(0.5, supportFor(manifest.action, evidence)),
        reasons: ['a person asked for it, and nothing seen here speaks against it'],
      };
}

function contraryOf(action: Action, evidence: Evidence): number {
  return action.kind === 'rightsize' ? loadOf(evidence) : 0;
}

function onEvidence(input: JudgeInput, observed: TargetState, evidence: Evidence): Finding {
  const { action } = input.manifest;
  const service = serviceOf(required(input.manifest.targets[0], 'a manifest has a target').target);
  const support = supportFor(action, evidence);
  const latest = Math.max(0, ...seenOf(input).map((seen) => seen.at));
  if (support < supportMin[action.kind]) {
    const nothing = input.state.at - latest > recentMs;
    const reason = nothing
      ? `no anomaly of ${service} seen here in the last 6 h`
      : `what is seen of ${service} here does not support ${purpose[action.kind]}`;
    return { verdict: 'reject', support, reasons: [reason, ...sightsOf(input, null)] };
  }
  const sights = sightsOf(input, action.kind);
  if (action.kind === 'scale' && action.replicas > observed.replicas) {
    const enough = scaledReplicas(observed.replicas, scaleFactorFor(loadOf(evidence)));
    if (action.replicas > enough) {
      const reason = `the load seen here asks for ${enough} replicas, not ${action.replicas}`;
      return { verdict: 'reject', support, reasons: [reason, ...sights] };
    }
  }
  return { verdict: 'accept', support, reasons: sights };
}

/** How strongly evidence argues for an action, 0..1. */
export function supportFor(action: Action, evidence: Evidence): number {
  const latency = evidence['latency-above'] ?? 0;
  const errors = evidence['errors-above'] ?? 0;
  const collapse = evidence['traffic-below'] ?? 0;
  switch (action.kind) {
    case 'scale':
      return loadOf(evidence);
    case 'restart':
      return either(collapse, errors, 0.5 * latency);
    case 'rollback':
      return either(errors, 0.5 * latency, 0.5 * collapse);
    case 'failover':
      return either(latency, collapse, evidence['saturation-above'] ?? 0, 0.5 * errors);
    case 'rotate-keys':
      return errors;
    case 'rightsize':
      return wasteOf(evidence) * (1 - loadOf(evidence));
    case 'resume':
      return 0;
  }
}

const relevant: Readonly<Record<ActionKind, readonly FactorName[]>> = {
  scale: ['saturation-above', 'latency-above', 'traffic-above'],
  restart: ['traffic-below', 'errors-above', 'latency-above'],
  rollback: ['errors-above', 'latency-above', 'traffic-below'],
  failover: ['latency-above', 'traffic-below', 'saturation-above', 'errors-above'],
  rightsize: ['saturation-idle', 'spend-above'],
  'rotate-keys': ['errors-above'],
  resume: [],
};

/** One sentence a metric, the strongest first, and which action it supports. */
function sightsOf(input: JudgeInput, supported: ActionKind | null): readonly string[] {
  const limits = input.limits ?? riskLimits;
  const strongest = seenOf(input).toSorted(
    (a, b) => weightOf(b, input.state.at, limits) - weightOf(a, input.state.at, limits),
  );
  const metrics = [...new Set(strongest.map((seen) => seen.metric))];
  return metrics.flatMap((metric) => {
    const seen = strongest.find((one) => one.metric === metric);
    return seen ? [sight(seen, input.state.at, supported)] : [];
  });
}

function sight(seen: Seen, at: number, kind: ActionKind | null): string {
  const deviations = Math.abs(seen.deviations).toFixed(1);
  const side = seen.deviations > 0 ? 'above' : 'below';
  const hours = Math.round((at - seen.at) / 3_600_000);
  const when = hours === 0 ? '' : ` ${hours} h ago`;
  const what = `${seen.metric} ${deviations} deviations ${side} normal${when}`;
  const supports = kind !== null && relevant[kind].includes(seen.factor);
  return supports ? `${what} supports ${purpose[kind]}` : what;
}

function seenOf({ state, manifest }: JudgeInput): readonly Seen[] {
  const target = manifest.targets[0]?.target;
  return (target && state.services[serviceOf(target)]) || [];
}

function evidenceOf(seen: readonly Seen[], input: JudgeInput): Evidence {
  const evidence: Partial<Record<FactorName, number>> = {};
  for (const one of seen) {
    const weight = weightOf(one, input.state.at, input.limits ?? riskLimits);
    evidence[one.factor] = either(evidence[one.factor] ?? 0, weight);
  }
  return evidence;
}

/** How much could go wrong by doing it. */
function riskOfActing({ impact, reversible }: Manifest): number {
  const reach = { low: 0.2, medium: 0.4, high: 0.7 }[impact];
  return reversible ? reach : either(reach, 0.5);
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
