/**
 * Risk rules: from a tenant's recent signals to its risk vector.
 *
 * Each signal weighs its score times the base weight of its factor, halved every half-life of
 * event time. Signals of one factor add up as independent evidence, and factors add up to the
 * three dimensions: performance, cost, security. What is remembered is bounded: so many services,
 * so many signals each, the weakest forgotten first.
 *
 * Pure: event time comes in; the same signals in the same order give the same risk.
 */
import { required } from '#protocols/assert.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Severity } from '#protocols/messages/common.ts';
import type { Contribution, Risk, ServiceRisk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { either, type FactorName, factorOf, factorText } from './factors.ts';

/** What is kept of a signal. */
export interface Seen {
  readonly signalId: string;
  readonly factor: FactorName;
  readonly metric: string;
  readonly score: number;
  /** Event time, milliseconds since the Unix epoch. */
  readonly at: number;
  /** Signed: how far from normal, in deviations. */
  readonly deviations: number;
}

/** JSON. Newest signal last within a service. */
export interface ScorerState {
  /** The latest event time heard of. */
  readonly at: number;
  readonly services: Readonly<Record<string, readonly Seen[]>>;
}

export interface RiskLimits {
  readonly halfLifeMs: number;
  /** A signal whose weight fell below this is forgotten. */
  readonly weightMin: number;
  readonly signalsPerServiceMax: number;
  readonly servicesMax: number;
}

const hourMs = 3_600_000;

export const riskLimits: RiskLimits = {
  // A third of a shift: this morning's incident does not decide about this evening.
  halfLifeMs: 8 * hourMs,
  weightMin: 0.02,
  signalsPerServiceMax: 24,
  servicesMax: 1000,
};

export const contributionsMax = 20;

export const scorerStart: ScorerState = { at: 0, services: {} };

type Dimension = 'performance' | 'cost' | 'security';

/** How much each factor worries, and about what. */
const rules: Readonly<Record<FactorName, Readonly<Partial<Record<Dimension, number>>>>> = {
  'saturation-above': { performance: 0.8 },
  'saturation-idle': { cost: 0.8 },
  'latency-above': { performance: 1 },
  'traffic-above': { performance: 0.6 },
  'traffic-below': { performance: 0.8 },
  'errors-above': { performance: 0.7, security: 0.8 },
  'spend-above': { cost: 0.9 },
};

/** The state after a signal; one that is known or argues nothing changes only the time. */
export function recordSignal(
  before: ScorerState,
  signal: Signal,
  limits: RiskLimits = riskLimits,
): ScorerState {
  const at = Date.parse(signal.at);
  const state = advance(before, at, limits);
  const factor = factorOf(signal.kind, signal.evidence.direction, signal.method);
  const known = state.services[signal.service] ?? [];
  if (!factor || known.some((seen) => seen.signalId === signal.signalId)) return state;
  const seen: Seen = {
    signalId: signal.signalId,
    factor,
    metric: signal.metric,
    score: signal.score,
    at,
    deviations: signal.method === 'ewma' ? signal.ewma : signal.zscore,
  };
  const strongest = [...known, seen].toSorted(
    (a, b) => weightOf(b, state.at, limits) - weightOf(a, state.at, limits),
  );
  const kept = strongest.slice(0, limits.signalsPerServiceMax).toSorted((a, b) => a.at - b.at);
  return withService(state, signal.service, kept, limits);
}

/** Forgets what has faded. Event time never goes back, whatever order signals come in. */
export function advance(
  before: ScorerState,
  at: number,
  limits: RiskLimits = riskLimits,
): ScorerState {
  if (at <= before.at) return before;
  const services: Record<string, readonly Seen[]> = {};
  for (const [service, known] of Object.entries(before.services)) {
    const kept = known.filter((seen) => weightOf(seen, at, limits) >= limits.weightMin);
    if (kept.length > 0) services[service] = kept;
  }
  return { at, services };
}

function withService(
  state: ScorerState,
  service: string,
  kept: readonly Seen[],
  limits: RiskLimits,
): ScorerState {
  const services = { ...state.services, [service]: kept };
  const names = Object.keys(services);
  if (names.length <= limits.servicesMax) return { at: state.at, services };
  const calmest = names.toSorted(
    (a, b) => worry(services[a], state.at, limits) - worry(services[b], state.at, limits),
  );
  delete services[required(calmest[0], 'there are more services than the limit')];
  return { at: state.at, services };
}

function worry(known: readonly Seen[] | undefined, at: number, limits: RiskLimits): number {
  return either(...(known ?? []).map((seen) => weightOf(seen, at, limits)));
}

/** What a signal still weighs at an instant. */
export function weightOf(seen: Seen, at: number, limits: RiskLimits = riskLimits): number {
  const base = Math.max(...Object.values(rules[seen.factor]));
  return base * fadedScore(seen, at, limits);
}

function fadedScore(seen: Seen, at: number, limits: RiskLimits): number {
  return seen.score * 0.5 ** (Math.max(0, at - seen.at) / limits.halfLifeMs);
}

/** The risk vector of one region for one tenant at the state's event time. */
export function riskOf(
  state: ScorerState,
  tenant: string,
  region: string,
  limits: RiskLimits = riskLimits,
): Risk {
  const names = Object.keys(state.services).toSorted();
  const services = names.map((service) => serviceRiskOf(state, service, limits));
  const contributions = names
    .flatMap((service) => contributionsOf(state, service, limits))
    .toSorted((a, b) => b.weight - a.weight || compare(a.service, b.service))
    .slice(0, contributionsMax);
  const scores = scoresOf(
    Math.max(0, ...services.map((service) => service.performance)),
    Math.max(0, ...services.map((service) => service.cost)),
    Math.max(0, ...services.map((service) => service.security)),
  );
  const at = new Date(state.at).toISOString();
  const content = { tenant, region, at, ...scores, services, contributions };
  const riskId = digestOf(canonicalBytes(['quorate/risk/1', content])).slice('sha256:'.length);
  return { type: 'risk/1', riskId, ...content };
}

function serviceRiskOf(state: ScorerState, service: string, limits: RiskLimits): ServiceRisk {
  const scoreIn = (dimension: Dimension) =>
    either(
      ...(state.services[service] ?? []).map(
        (seen) => (rules[seen.factor][dimension] ?? 0) * fadedScore(seen, state.at, limits),
      ),
    );
  return { service, ...scoresOf(scoreIn('performance'), scoreIn('cost'), scoreIn('security')) };
}

function scoresOf(performance: number, cost: number, security: number) {
  const overall = Math.max(performance, cost, security);
  const rounded = { security: round(security), cost: round(cost), performance: round(performance) };
  return { ...rounded, overall: round(overall), severity: severityOfRisk(overall) };
}

export function severityOfRisk(overall: number): Severity {
  if (overall >= 0.9) return 'critical';
  if (overall >= 0.7) return 'high';
  return overall >= 0.4 ? 'medium' : 'low';
}

/** One contribution a factor, named after its strongest signal. */
function contributionsOf(
  state: ScorerState,
  service: string,
  limits: RiskLimits,
): readonly Contribution[] {
  const known = state.services[service] ?? [];
  const factors = [...new Set(known.map((seen) => seen.factor))];
  return factors.map((factor) => {
    const seen = known
      .filter((candidate) => candidate.factor === factor)
      .toSorted((a, b) => weightOf(b, state.at, limits) - weightOf(a, state.at, limits));
    const weight = either(...seen.map((one) => weightOf(one, state.at, limits)));
    const { signalId } = required(seen[0], 'a factor comes from a signal');
    return { factor: factorText[factor], service, weight: round(weight), signalId };
  });
}

/** A risk below this is not worth repeating while nothing new is seen. */
export const concernMin = 0.4;
const changeMin = 0.1;

/** Whether time alone changed a risk enough to say it again. */
export function isNews(risk: Risk, announced: Risk | null): boolean {
  if (risk.at === announced?.at) return false;
  if (risk.overall >= concernMin) return true;
  return Math.abs(risk.overall - (announced?.overall ?? 0)) >= changeMin;
}

/** Six decimals: enough for people, and the same bytes on every machine. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
