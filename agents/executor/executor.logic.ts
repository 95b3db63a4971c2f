/**
 * What the executor remembers beyond its plan, and what a fresh one must be told.
 *
 * Pure.
 */
import { assert } from '#protocols/assert.ts';
import type { EnactmentOutcome, Stop } from '#protocols/messages/enactment.ts';
import type { Decision, EnactmentResult, ExecutorEvent } from '../events.ts';
import { resultWithout } from './enactment.logic.ts';
import type { EnactmentEvent } from './enactment.machine.ts';
import {
  isEmergency,
  type Plan,
  type PlanLimits,
  type Planned,
  type Stage,
  type StopOrder,
  stopOrderOf,
  supersededBy,
} from './plan.ts';

/** Ended decisions that are remembered, so that hearing of one again starts nothing. */
export const endedMax = 256;
export const hourMs = 60 * 60 * 1000;
export const newer = 'superseded: a newer version of its target was certified';

export interface ExecutorInput {
  readonly limits: PlanLimits;
  /** The stop generation of each target that a resume has raised. */
  readonly generations?: Readonly<Record<string, number>>;
  /** Enactments of the last hour, from the store: what they leave to wait for. */
  readonly recent?: readonly RecentEnactment[];
}

export interface RecentEnactment {
  readonly target: string;
  readonly startedAgoMs: number;
  readonly endedAgoMs: number;
}

export interface ExecutorContext extends Plan {
  readonly ended: readonly string[];
  /** Numbers the waits, so that each has a timer of its own. */
  readonly waits: number;
  /** From the input: waits to begin with. */
  readonly recent: readonly RecentEnactment[];
}

export function startOf(input: ExecutorInput): ExecutorContext {
  const recent = input.recent ?? [];
  const cooldownMs = input.limits.cooldownSeconds * 1000;
  const cooling = recent.filter(({ endedAgoMs }) => endedAgoMs < cooldownMs);
  return {
    limits: input.limits,
    open: {},
    versions: {},
    stops: [],
    generations: input.generations ?? {},
    cooling: cooling.map(({ target }) => target),
    startedLately: recent.filter(({ startedAgoMs }) => startedAgoMs < hourMs).length,
    ended: [],
    waits: 0,
    recent,
  };
}

/** A decision as it enters the plan. */
export function plannedOf(
  decision: Decision,
  known: { readonly [K in 'dryRun' | 'found' | 'stopped']?: Planned[K] | undefined },
): Planned {
  return {
    decision,
    stage: 'held',
    isReleased: false,
    dryRun: known.dryRun ?? null,
    found: known.found ?? false,
    stopped: known.stopped ?? false,
  };
}

/** Adds a decision to the plan, and its version to those known. */
export function admit(
  context: ExecutorContext,
  planned: Planned,
): Pick<ExecutorContext, 'open' | 'versions'> {
  const { decisionId, instance } = planned.decision;
  const known = context.versions[instance.target] ?? 0;
  return {
    open: { ...context.open, [decisionId]: planned },
    versions: { ...context.versions, [instance.target]: Math.max(known, instance.version) },
  };
}

/** What the end of an enactment changes in the plan. */
export function conclude(
  context: ExecutorContext,
  result: EnactmentResult,
): Partial<ExecutorContext> {
  const { [result.decisionId]: planned, ...open } = context.open;
  const { target } = result.instance;
  const action = planned?.decision.manifest.action;
  const lifted = action?.kind === 'resume' && result.outcome === 'enacted' ? action.generation : 0;
  const generation = Math.max(context.generations[target] ?? 0, lifted);
  return {
    open,
    ended: [...context.ended, result.decisionId].slice(-endedMax),
    generations: { ...context.generations, [target]: generation },
    ...(touched(result.outcome, planned) && { cooling: [...context.cooling, target] }),
  };
}

/** Whether the target was acted on and must be left alone for the cooldown. */
export function touched(outcome: EnactmentOutcome, planned: Planned | undefined): boolean {
  const left: readonly EnactmentOutcome[] = ['enacted', 'rolled-back', 'failed', 'aborted'];
  const isResume = planned?.decision.manifest.action.kind === 'resume';
  return planned?.stage === 'started' && !isResume && left.includes(outcome);
}

/** Something to tell the enactment machine of an open decision. */
export interface Order {
  readonly decisionId: string;
  readonly event: EnactmentEvent;
}

export function isNew(context: ExecutorContext, { decisionId, mine }: Decision): boolean {
  return mine && context.open[decisionId] === undefined && !context.ended.includes(decisionId);
}

/** What an incoming stop means for all that is open. */
export function stopOrders(context: ExecutorContext, stop: Stop): readonly Order[] {
  const reason = `${stop.action}: ${stop.reason}`;
  const events: Readonly<Record<StopOrder, EnactmentEvent | null>> = {
    none: null,
    close: { type: 'decision.closed', outcome: 'aborted', reason },
    abort: { type: 'abort.ordered', reason },
    halt: { type: 'halt.ordered', reason },
  };
  return Object.values(context.open).flatMap((planned) => {
    const event = events[stopOrderOf(context, stop, planned)];
    return event ? [{ decisionId: planned.decision.decisionId, event }] : [];
  });
}

export function supersedeOrders(context: ExecutorContext, decision: Decision): readonly Order[] {
  const event = { type: 'decision.closed', outcome: 'superseded', reason: newer } as const;
  return supersededBy(context, decision).map((decisionId) => ({ decisionId, event }));
}

/** A denial after the intent is an abort; what else governance closes has begun and goes on. */
export function closeOrders(
  context: ExecutorContext,
  { decisionId, outcome, reason }: Extract<ExecutorEvent, { type: 'decision.closed' }>,
): readonly Order[] {
  if (context.open[decisionId]?.stage !== 'started') {
    return [{ decisionId, event: { type: 'decision.closed', outcome, reason } }];
  }
  if (outcome !== 'denied') return [];
  return [{ decisionId, event: { type: 'abort.ordered', reason: `denied: ${reason}` } }];
}

/** How an order ends a decision that has no enactment machine; null for one that has. */
export function endingOf(planned: Planned, event: EnactmentEvent): EnactmentResult | null {
  if (planned.stage !== 'held') return null;
  if (event.type === 'decision.closed') return resultWithout(planned.decision, event);
  assert(event.type === 'halt.ordered', 'what is held is closed or halted');
  return resultWithout(planned.decision, { outcome: 'aborted', reason: event.reason });
}

/** The stage in which a held decision opens. */
export function openingStage({ found, dryRun }: Planned): Stage {
  if (found) return 'started';
  return dryRun ? 'waiting' : 'dryRunning';
}

/** The targets still in cooldown after one cooldown of a target has ended. */
export function afterCooldown(cooling: readonly string[], target: string): readonly string[] {
  const index = cooling.indexOf(target);
  return index < 0 ? cooling : cooling.toSpliced(index, 1);
}

/** Why a found enactment must be put back: a stop that is in force, or the one that ended it. */
export function stopReasonOf(context: ExecutorContext, planned: Planned): string | null {
  if (planned.stopped) return 'emergency-stop: found out after the restart';
  if (!planned.found) return null;
  const { target } = planned.decision.instance;
  const stop = context.stops.find(
    (known) =>
      known.action === 'abort' &&
      stopOrderOf(context, known, { ...planned, stage: 'started' }) === 'abort',
  );
  return stop ? `abort of ${target}: ${stop.reason}` : null;
}

/** A found enactment without a result, in the scope of an emergency stop: it ends unprobed. */
export function isHalted(context: ExecutorContext, decision: Decision, stopped: boolean): boolean {
  return !stopped && isEmergency(context, decision);
}

/** What to tell a fresh executor so that it knows what this one knew; intents are probed. */
export function recoverExecutor(context: ExecutorContext): {
  readonly input: ExecutorInput;
  readonly events: readonly ExecutorEvent[];
} {
  const { limits, generations, cooling, startedLately } = context;
  // Without a clock the waits begin anew: too long is safe, too short is not.
  const recent = Array.from({ length: Math.max(cooling.length, startedLately) }, (_, index) => ({
    target: cooling[index] ?? '',
    startedAgoMs: index < startedLately ? 0 : hourMs,
    endedAgoMs: index < cooling.length ? 0 : Number.MAX_SAFE_INTEGER,
  }));
  const stops = context.stops.map((stop) => ({ type: 'stop.recorded' as const, stop }));
  const decisions = Object.values(context.open).flatMap(recoverDecision);
  return { input: { limits, generations, recent }, events: [...stops, ...decisions] };
}

function recoverDecision(planned: Planned): readonly ExecutorEvent[] {
  const { decision, dryRun, stage, isReleased, found, stopped } = planned;
  if (dryRun && (found || stage === 'started')) {
    return [{ type: 'enactment.found', decision, dryRun, stopped }];
  }
  const certified = { type: 'decision.certified' as const, decision };
  if (!dryRun) return [certified];
  const again = [{ ...certified, dryRun }];
  if (!isReleased) return again;
  return [...again, { type: 'decision.released', decisionId: decision.decisionId }];
}
