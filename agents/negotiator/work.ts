/**
 * The negotiator's memory: its services and its two queues of composing work.
 *
 * Pure. Every function returns what changes; the machine assigns it.
 */
import type { NegotiatorEvent } from '#agents/events.ts';
import { required } from '#protocols/assert.ts';
import type { Instance } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import {
  closed,
  considerRisk,
  counterTo,
  dropped,
  type Intent,
  type NegotiatorLimits,
  opened,
  type Services,
} from './negotiator.logic.ts';

export type Judged = Extract<NegotiatorEvent, { type: 'judgement.recorded' }>;
type DecisionClosed = Extract<NegotiatorEvent, { type: 'decision.closed' }>;

export interface CandidateWork {
  readonly intent: Intent;
  readonly risk: Risk;
}

export interface CounterWork {
  readonly intent: Intent;
  readonly judged: Judged;
}

/** JSON: the machine's context. */
export interface NegotiatorMemory {
  readonly region: string;
  readonly regions: readonly string[];
  readonly limits: NegotiatorLimits;
  /** How long each queue may get. */
  readonly queueMax: number;
  /** The latest event time heard of. */
  readonly at: number;
  readonly services: Services;
  readonly candidates: readonly CandidateWork[];
  readonly counters: readonly CounterWork[];
}

const reasonsMax = 8;

/** Queues what the risk asks for; what finds no room is tried again a little later. */
export function afterRisk(memory: NegotiatorMemory, risk: Risk) {
  const at = Math.max(memory.at, Date.parse(risk.at));
  const considered = considerRisk(memory.services, risk, memory.limits);
  const room = memory.queueMax - memory.candidates.length;
  const taken = considered.intents.slice(0, room).map((intent) => ({ intent, risk }));
  const services = considered.intents
    .slice(room)
    .reduce<Services>(
      (all, { service }) => dropped(all, service, at + memory.limits.retryMs),
      considered.services,
    );
  return { at, services, candidates: [...memory.candidates, ...taken] };
}

/** The intent to counter a judged manifest with, or null: accepted, or nothing better to offer. */
export function counterFor(memory: NegotiatorMemory, judged: Judged): Intent | null {
  if (judged.judgement.verdict === 'accept') return null;
  const { manifest, observed, risk } = judged;
  const { region, regions, services, limits } = memory;
  return counterTo({ manifest, observed, risk, region, regions, services }, limits);
}

export function hasRoom(memory: NegotiatorMemory): boolean {
  return memory.counters.length < memory.queueMax;
}

export function withCounter(memory: NegotiatorMemory, judged: Judged) {
  const intent = required(counterFor(memory, judged), 'wouldCounter lets only counters through');
  return { counters: [...memory.counters, { intent, judged }] };
}

export function afterVerdict(memory: NegotiatorMemory, instance: Instance) {
  return { services: opened(memory.services, instance) };
}

export function afterCandidate(memory: NegotiatorMemory, manifest: Manifest) {
  const { tenant } = manifest;
  const services = manifest.targets.reduce<Services>(
    (all, { target, version }) => opened(all, { tenant, target, version }),
    memory.services,
  );
  return { services, candidates: memory.candidates.slice(1) };
}

export function abandonCandidate(memory: NegotiatorMemory) {
  const { intent } = required(memory.candidates[0], 'only work under way is abandoned');
  const until = memory.at + memory.limits.retryMs;
  return {
    services: dropped(memory.services, intent.service, until),
    candidates: memory.candidates.slice(1),
  };
}

export function afterCounter(memory: NegotiatorMemory) {
  return { counters: memory.counters.slice(1) };
}

export function settled(memory: NegotiatorMemory, ended: DecisionClosed) {
  return {
    at: Math.max(memory.at, ended.at),
    services: closed(memory.services, ended, memory.limits),
  };
}

/** The rejection as it is, and why no counter-proposal comes with it. */
export function withoutCounter(judgement: Judgement, why: string): Judgement {
  const reasons = [...judgement.reasons.slice(0, reasonsMax - 1), `no counter-proposal: ${why}`];
  return { ...judgement, reasons };
}
