/**
 * Replays a data set through the pure logic of its regions, in event-time order, with an
 * idealised ballot: no network, no timeouts, a simple majority.
 *
 * It answers what would be decided if every vote arrived; it is how the demo's series were
 * chosen and what tests hold them to. `lagMs` lets judgement happen so much event time after the
 * candidate, as it does when a recording runs faster than the ballots. The story it tells of the
 * demo is kept in test/golden/.
 */
import type { ClosedAs } from '#agents/events.ts';
import { impactOf } from '#agents/governance/policies/impact.ts';
import { actionOf } from '#agents/negotiator/actions.ts';
import { composeManifest, describeAction } from '#agents/negotiator/compose.ts';
import {
  closed,
  considerRisk,
  counterTo,
  type Intent,
  negotiatorLimits,
  opened,
  type Services,
} from '#agents/negotiator/negotiator.logic.ts';
import { playbookFor } from '#agents/negotiator/playbooks.ts';
import { judge } from '#agents/scorer/confidence.ts';
import {
  advance,
  isNews,
  recordSignal,
  riskOf,
  type ScorerState,
  scorerStart,
} from '#agents/scorer/risk.ts';
import { type Instance, versionOf } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Action, Gate, Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import { quorumOf } from '#protocols/quorum.ts';
import type { Dataset } from '#regions/dataset.ts';
import { stateAtStart } from '#regions/dataset.ts';
import { signalsOf } from './dataset-signals.ts';

export interface ReplayOptions {
  readonly lagMs: number;
  /** Tenants whose low-impact decisions need nobody (phase L3+). */
  readonly automatic: readonly string[];
}

export interface ReplayedDecision {
  readonly target: string;
  readonly n: number;
  /** Event time of the candidate, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly proposer: string;
  readonly outcome: 'enacted' | 'waits' | 'abort';
  readonly manifest: Manifest | null;
  /** The certified manifest was another region's counter-proposal. */
  readonly countered: boolean;
  readonly what: string;
  readonly votes: readonly string[];
}

export interface Replay {
  readonly signals: number;
  readonly risks: number;
  readonly decisions: readonly ReplayedDecision[];
}

interface RegionState {
  scorer: ScorerState;
  announced: Risk | null;
  services: Services;
}

interface Candidate {
  readonly region: string;
  readonly manifest: Manifest;
}

interface Ballot {
  readonly instance: Instance;
  readonly at: number;
  readonly candidates: Candidate[];
}

type Step =
  | { readonly at: number; readonly signal: Signal }
  | { readonly at: number; readonly signal: null };

const hourMs = 3_600_000;
const limits = negotiatorLimits;
const policy = { confidenceMin: 0.5, scaleHighRiskFactor: 3 };
const noDigest = `sha256:${'0'.repeat(64)}`;

export function replay(dataset: Dataset, options: ReplayOptions): Replay {
  const world = new World(dataset, options);
  for (const step of stepsOf(dataset)) world.take(step);
  world.decideUpTo(Number.POSITIVE_INFINITY);
  return { signals: world.signals, risks: world.risks, decisions: world.decisions };
}

/** All signals of all regions, and a tick an hour, by event time. */
function stepsOf(dataset: Dataset): readonly Step[] {
  const signals = signalsOf(dataset);
  const times = signals.map((signal) => Date.parse(signal.at));
  const ticks: Step[] = [];
  const start = Math.floor(Math.min(...times) / hourMs) * hourMs;
  for (let at = start; at <= Math.max(...times) + 24 * hourMs; at += hourMs) {
    ticks.push({ at, signal: null });
  }
  const heard = signals.map((signal) => ({ at: Date.parse(signal.at), signal }));
  return [...heard, ...ticks].toSorted((a, b) => a.at - b.at);
}

class World {
  signals = 0;
  risks = 0;
  readonly decisions: ReplayedDecision[] = [];
  readonly #options: ReplayOptions;
  readonly #regions: readonly string[];
  readonly #homes = new Map<string, string>();
  readonly #observed = new Map<string, TargetState>();
  readonly #counts = new Map<string, number>();
  readonly #states = new Map<string, RegionState>();
  readonly #ballots = new Map<string, Ballot>();

  constructor(dataset: Dataset, options: ReplayOptions) {
    this.#options = options;
    const regions = new Set<string>();
    for (const tenant of dataset.tenants) {
      for (const { service, home, series } of tenant.services) {
        const target = `${tenant.id}/${service}`;
        this.#homes.set(target, home);
        this.#observed.set(target, stateAtStart(target, home));
        for (const { region } of series) regions.add(region);
      }
    }
    this.#regions = [...regions].toSorted();
    for (const region of this.#regions) {
      for (const tenant of dataset.tenants) {
        const state = { scorer: scorerStart, announced: null, services: {} };
        this.#states.set(`${region}:${tenant.id}`, state);
      }
    }
  }

  take({ at, signal }: Step): void {
    this.decideUpTo(at);
    if (signal) {
      this.signals += 1;
      const state = this.#state(signal.region, signal.tenant);
      state.scorer = recordSignal(state.scorer, signal);
      this.#announce(signal.region, signal.tenant);
      return;
    }
    for (const [key, state] of this.#states) {
      const [region = '', tenant = ''] = key.split(':');
      state.scorer = advance(state.scorer, at);
      const risk = riskOf(state.scorer, tenant, region);
      if (isNews(risk, state.announced)) this.#announce(region, tenant);
    }
  }

  #announce(region: string, tenant: string): void {
    this.risks += 1;
    const state = this.#state(region, tenant);
    const risk = riskOf(state.scorer, tenant, region);
    state.announced = risk;
    const considered = considerRisk(state.services, risk, limits);
    state.services = considered.services;
    for (const intent of considered.intents) this.#putForward(region, tenant, intent, risk);
  }

  #putForward(region: string, tenant: string, intent: Intent, risk: Risk): void {
    const target = `${tenant}/${intent.service}`;
    const at = Date.parse(risk.at);
    const n = (this.#counts.get(target) ?? 0) + 1;
    const instance = { tenant, target, version: versionOf(1, n) };
    const state = this.#state(region, tenant);
    state.services = opened(state.services, instance);
    const manifest = this.#compose(region, instance, intent, risk);
    if (!manifest) return;
    const ballot = this.#ballots.get(target) ?? { instance, at, candidates: [] };
    ballot.candidates.push({ region, manifest });
    this.#ballots.set(target, ballot);
    if (this.#options.lagMs === 0) this.decideUpTo(at);
  }

  #compose(region: string, instance: Instance, intent: Intent, risk: Risk): Manifest | null {
    const { tenant, target } = instance;
    const observed = this.#see(target);
    const action = actionOf(intent, observed, this.#regions);
    if (!action) return null;
    const impact = impactOf(action, observed, policy);
    const playbook = action.kind === 'resume' ? null : playbookFor(action.kind);
    const isAutomatic =
      impact === 'low' &&
      playbook?.safety.mode === 'auto' &&
      this.#options.automatic.includes(tenant);
    return composeManifest({
      federation: 'test',
      epoch: 1,
      ...instance,
      executor: observed.activeRegion,
      proposer: region,
      action,
      observed,
      preState: stateDigest(observed, action.kind),
      playbook: { id: playbook?.id ?? 'none', version: 1, digest: noDigest },
      gate: gateOf(isAutomatic),
      impact,
      policyHash: noDigest,
      rosterHash: noDigest,
      notAfter: new Date(Date.parse(risk.at) + 24 * hourMs).toISOString(),
      nonce: '0'.repeat(64),
      risk,
      confidence: 0.5 + intent.weight / 2,
      reason: intent.reason,
    });
  }

  /** Decides what is due; judgement happens `lagMs` after the first candidate. */
  decideUpTo(at: number): void {
    for (const [target, ballot] of this.#ballots) {
      const due = ballot.at + this.#options.lagMs;
      if (due > at) continue;
      this.#ballots.delete(target);
      this.#decide(ballot, due);
    }
  }

  #decide({ instance, at, candidates }: Ballot, now: number): void {
    const { target, version } = instance;
    const home = this.#homes.get(target) ?? '';
    const order = [home, ...this.#regions.filter((region) => region !== home)];
    const waiting = candidates.toSorted(
      (a, b) => order.indexOf(a.region) - order.indexOf(b.region),
    );
    const votes: string[] = [];
    for (const region of this.#regions) {
      const state = this.#state(region, instance.tenant);
      state.services = opened(state.services, instance);
    }
    let certified: Candidate | null = null;
    const counters = new Set<Candidate>();
    const countered = new Set<string>();
    while (!certified && waiting.length > 0) {
      const candidate = waiting.shift();
      if (!candidate) break;
      const round = order.map((region) => this.#vote(region, candidate, instance));
      votes.push(...round.map(({ text }) => text));
      const accepts = round.filter(({ judgement }) => judgement.verdict === 'accept').length;
      if (accepts >= quorumOf(this.#regions.length, 'crash')) certified = candidate;
      for (const { region, counter } of round) {
        if (!counter || countered.has(region)) continue;
        countered.add(region);
        const answer = { region, manifest: counter };
        counters.add(answer);
        waiting.unshift(answer);
      }
    }
    this.#counts.set(target, version % 2 ** 32);
    const [first] = candidates;
    this.#end(instance, now, {
      target,
      n: version % 2 ** 32,
      at,
      proposer: first?.region ?? '',
      manifest: certified?.manifest ?? null,
      countered: certified !== null && counters.has(certified),
      votes,
    });
  }

  #vote(region: string, { manifest }: Candidate, instance: Instance) {
    const { scorer, services } = this.#state(region, instance.tenant);
    const observed = this.#see(instance.target);
    const judgement: Judgement = judge({ state: scorer, manifest, observed, ...policy });
    const risk = riskOf(scorer, instance.tenant, region);
    const intent =
      judgement.verdict === 'reject'
        ? counterTo({ manifest, observed, risk, region, regions: this.#regions, services }, limits)
        : null;
    const counter = intent && this.#compose(region, instance, intent, risk);
    const end = counter ? ` (would rather ${describeAction(counter.action, observed)})` : '';
    const what = describeAction(manifest.action, observed);
    const text = `${region} ${judgement.verdict}s "${what}": ${judgement.reasons.join('; ')}${end}`;
    return { region, judgement, counter, text };
  }

  #end(instance: Instance, at: number, decision: Omit<ReplayedDecision, 'outcome' | 'what'>): void {
    const { manifest } = decision;
    const observed = this.#see(instance.target);
    const what = manifest ? describeAction(manifest.action, observed) : 'nothing';
    const isReleased = manifest !== null && manifest.gate.approvals.length === 0;
    const outcome = manifest === null ? 'abort' : isReleased ? 'enacted' : 'waits';
    this.decisions.push({ ...decision, what, outcome });
    // What waits for a person keeps its target busy until the recording ends.
    if (outcome === 'waits') return;
    if (manifest) this.#observed.set(instance.target, enacted(observed, manifest.action));
    const ended: ClosedAs = outcome;
    const action = manifest?.action.kind ?? null;
    for (const region of this.#regions) {
      const state = this.#state(region, instance.tenant);
      state.services = closed(state.services, { instance, outcome: ended, at, action }, limits);
    }
  }

  #state(region: string, tenant: string): RegionState {
    const state = this.#states.get(`${region}:${tenant}`);
    if (!state) throw new Error(`no state for ${region} and ${tenant}`);
    return state;
  }

  #see(target: string): TargetState {
    const observed = this.#observed.get(target);
    if (!observed) throw new Error(`no target ${target}`);
    return observed;
  }
}

function gateOf(isAutomatic: boolean): Gate {
  const approvals: Gate['approvals'] = isAutomatic ? [] : [{ role: 'approver', count: 1 }];
  return { approvals, secondApprover: false, mfa: false, reasons: [] };
}

function enacted(state: TargetState, action: Action): TargetState {
  switch (action.kind) {
    case 'scale':
      return { ...state, replicas: action.replicas };
    case 'restart':
      return { ...state, generation: action.generation };
    default:
      return state;
  }
}

/** The decision as a paragraph: a head line, then a line for every vote. */
export function describeDecision(decision: ReplayedDecision): string {
  const { at, target, n, proposer, countered, what, outcome, votes } = decision;
  const how = countered ? 'counter-proposal: ' : '';
  const when = new Date(at).toISOString().slice(0, 16);
  const head = `${when} ${target}#${n}, put forward by ${proposer}: ${how}${what} -> ${outcome}`;
  return [head, ...votes.map((vote) => `    ${vote}`)].join('\n');
}
