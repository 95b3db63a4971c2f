/**
 * What the negotiator decides: which remediation a risk asks for, when to put one forward, and
 * when to answer a rejection with a counter-proposal.
 *
 * A risk must stand for a while before it becomes a candidate: the other regions judge with their
 * own evidence, and trouble that spreads reaches them minutes later. After a decision a service is
 * left alone for a cooldown, so that an action can show its effect before the next one. One
 * decision is open for a service at a time.
 *
 * Pure: all times are event times, in milliseconds since the Unix epoch.
 */
import type { ClosedAs } from '#agents/events.ts';
import { impactOf } from '#agents/governance/policies/impact.ts';
import { type Evidence, evidenceIn, loadOf, wasteOf } from '#agents/scorer/factors.ts';
import { type Instance, serviceOf } from '#protocols/ids.ts';
import type { Impact } from '#protocols/messages/common.ts';
import type { Action, ActionKind, Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { actionOf, isSameAction } from './actions.ts';

/** A remediation before it meets a target's state. */
export interface Intent {
  readonly service: string;
  readonly kind: Exclude<ActionKind, 'resume' | 'rotate-keys'>;
  /** Of the present replicas, for a scale; 1 otherwise. */
  readonly factor: number;
  /** How strongly the evidence asks for it, 0..1. */
  readonly weight: number;
  readonly reason: string;
}

/** JSON: what is remembered of one service. */
export interface ServiceState {
  /** Since when the risk has asked for something; null while it does not. */
  readonly since: number | null;
  /** The version under decision; null when the target is free. */
  readonly open: number | null;
  readonly composing: boolean;
  readonly freeAt: number;
  /** When replicas were last added, to tell trouble that more replicas did not cure. */
  readonly scaledAt: number | null;
}

export interface NegotiatorLimits {
  /** Evidence from which this region puts something forward. */
  readonly proposeMin: number;
  /** Evidence from which this region would do something at all: a counter needs this much. */
  readonly supportMin: number;
  readonly settleMs: number;
  /** How long a service rests after a decision, by how it ended. */
  readonly cooldownMs: Readonly<Record<ClosedAs, number>>;
  /** After a candidate that could not be composed. */
  readonly retryMs: number;
  /** Trouble this soon after a scale-out is trouble that more replicas did not cure. */
  readonly scaleRestMs: number;
  readonly servicesMax: number;
  /** From the policy in force: above this multiple a scale is high impact. */
  readonly scaleHighRiskFactor: number;
}

const hourMs = 3_600_000;

export const negotiatorLimits: NegotiatorLimits = {
  proposeMin: 0.55,
  supportMin: 0.2,
  settleMs: 0.75 * hourMs,
  cooldownMs: {
    enacted: 12 * hourMs,
    'rolled-back': 12 * hourMs,
    denied: 24 * hourMs,
    expired: 24 * hourMs,
    abort: 24 * hourMs,
    aborted: 24 * hourMs,
    void: 2 * hourMs,
    superseded: 2 * hourMs,
    failed: 6 * hourMs,
  },
  retryMs: 2 * hourMs,
  // Replicas are not added twice within days: a service that needs more needs another remedy.
  scaleRestMs: 72 * hourMs,
  servicesMax: 1000,
  scaleHighRiskFactor: 3,
};

export const serviceStart: ServiceState = {
  since: null,
  open: null,
  composing: false,
  freeAt: 0,
  scaledAt: null,
};

export type Services = Readonly<Record<string, ServiceState>>;

/** Takes note of a risk; the intents are those whose time has come, and are now composing. */
export function considerRisk(
  before: Services,
  risk: Risk,
  limits: NegotiatorLimits,
): { readonly services: Services; readonly intents: readonly Intent[] } {
  const at = Date.parse(risk.at);
  const services: Record<string, ServiceState> = {};
  const intents: Intent[] = [];
  const names = new Set([...Object.keys(before), ...risk.services.map((one) => one.service)]);
  for (const service of names) {
    const state = before[service] ?? serviceStart;
    const intent = intentFor(service, evidenceIn(risk, service), {
      weightMin: limits.proposeMin,
      scaledRecently: wasScaled(state, at, limits),
    });
    const since = intent ? (state.since ?? at) : null;
    const isDue = since !== null && at - since >= limits.settleMs && isFree(state, at);
    if (intent && isDue) intents.push(intent);
    services[service] = { ...state, since, composing: state.composing || isDue };
  }
  return { services: bounded(services, at, limits), intents };
}

function isFree(state: ServiceState, at: number): boolean {
  return state.open === null && !state.composing && at >= state.freeAt;
}

function wasScaled(state: ServiceState, at: number, limits: NegotiatorLimits): boolean {
  return state.scaledAt !== null && at - state.scaledAt <= limits.scaleRestMs;
}

/** Services with nothing to remember are forgotten; beyond the limit, so are the longest free. */
function bounded(services: Services, at: number, limits: NegotiatorLimits): Services {
  const worth = Object.entries(services).filter(
    ([, state]) => state.since !== null || !isFree(state, at) || wasScaled(state, at, limits),
  );
  const kept = worth
    .toSorted(([, a], [, b]) => Number(b.open !== null) - Number(a.open !== null))
    .slice(0, limits.servicesMax);
  return Object.fromEntries(kept);
}

const criticalLoad = 0.9;

interface IntentOptions {
  readonly weightMin: number;
  /** Replicas were added a short while ago. */
  readonly scaledRecently: boolean;
}

/** The remediation that evidence asks for, the most drastic justified one first; null for none. */
export function intentFor(
  service: string,
  evidence: Evidence,
  { weightMin, scaledRecently }: IntentOptions,
): Intent | null {
  const latency = evidence['latency-above'] ?? 0;
  const errors = evidence['errors-above'] ?? 0;
  const collapse = evidence['traffic-below'] ?? 0;
  const load = loadOf(evidence);
  const waste = wasteOf(evidence);
  const intent = (kind: Intent['kind'], weight: number, reason: string, factor = 1): Intent => ({
    service,
    kind,
    factor,
    weight,
    reason,
  });
  if (latency >= 0.6 && collapse >= 0.4) {
    return intent('failover', latency, 'latency is far above normal and traffic collapsed');
  }
  if (load >= criticalLoad && scaledRecently) {
    return intent('failover', load, 'the load is critical although replicas were added');
  }
  if (errors >= weightMin) return intent('rollback', errors, 'errors are far above normal');
  if (collapse >= weightMin) return intent('restart', collapse, 'traffic collapsed');
  if (load >= weightMin && !scaledRecently) {
    return intent('scale', load, 'the load is above normal', scaleFactorFor(load));
  }
  if (waste >= weightMin) return intent('rightsize', waste, 'capacity has been idle for long');
  return null;
}

/** By how much a load asks to multiply the replicas. */
export function scaleFactorFor(load: number): number {
  if (load >= 0.98) return 3;
  if (load >= 0.93) return 2;
  return load >= 0.5 ? 1.5 : 1.25;
}

export interface Judged {
  readonly manifest: Manifest;
  readonly observed: TargetState | null;
  readonly risk: Risk;
  readonly region: string;
  readonly regions: readonly string[];
  readonly services: Services;
}

/**
 * What this region would rather do than the manifest it rejects: something that its own evidence
 * supports, that changes the target, and that reaches no further. Null: just reject.
 */
export function counterTo(judged: Judged, limits: NegotiatorLimits): Intent | null {
  const { manifest, observed, risk, region } = judged;
  const target = manifest.targets[0]?.target;
  if (!observed || !target || manifest.proposer === region) return null;
  const service = serviceOf(target);
  const intent = intentFor(service, evidenceIn(risk, service), {
    weightMin: limits.supportMin,
    scaledRecently: wasScaled(
      judged.services[service] ?? serviceStart,
      Date.parse(risk.at),
      limits,
    ),
  });
  const action = intent && actionOf(intent, observed, judged.regions);
  if (!action || isSameAction(action, manifest.action)) return null;
  return reachesFurther(action, { manifest, observed, limits }) ? null : intent;
}

interface Reach {
  readonly manifest: Manifest;
  readonly observed: TargetState;
  readonly limits: NegotiatorLimits;
}

function reachesFurther(action: Action, { manifest, observed, limits }: Reach): boolean {
  const impacts: readonly Impact[] = ['low', 'medium', 'high'];
  const impact = impactOf(action, observed, limits);
  if (impacts.indexOf(impact) > impacts.indexOf(manifest.impact)) return true;
  return (
    action.kind === 'scale' &&
    manifest.action.kind === 'scale' &&
    action.replicas > manifest.action.replicas
  );
}

/** A ballot on the service is under way, whoever began it. */
export function opened(services: Services, instance: Instance): Services {
  const service = serviceOf(instance.target);
  const state = services[service] ?? serviceStart;
  if (state.open !== null && state.open >= instance.version) return services;
  return { ...services, [service]: { ...state, open: instance.version, composing: false } };
}

/** The candidate could not be composed: try again a little later. */
export function dropped(services: Services, service: string, until: number): Services {
  const state = services[service] ?? serviceStart;
  return {
    ...services,
    [service]: { ...state, composing: false, freeAt: Math.max(state.freeAt, until) },
  };
}

export interface Closed {
  readonly instance: Instance;
  readonly outcome: ClosedAs;
  readonly at: number;
  /** What was enacted, when this region knows it. */
  readonly action: ActionKind | null;
}

/** The decision ended; the service rests. News of an older version changes nothing. */
export function closed(services: Services, ended: Closed, limits: NegotiatorLimits): Services {
  const service = serviceOf(ended.instance.target);
  const state = services[service] ?? serviceStart;
  if (state.open !== null && state.open > ended.instance.version) return services;
  const scaled = ended.outcome === 'enacted' && ended.action === 'scale';
  return {
    ...services,
    [service]: {
      ...state,
      since: null,
      open: null,
      freeAt: Math.max(state.freeAt, ended.at + limits.cooldownMs[ended.outcome]),
      scaledAt: scaled ? ended.at : state.scaledAt,
    },
  };
}
