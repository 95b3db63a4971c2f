/**
 * The executor's rules: what may start, in which order, and what a stop or a newer version does
 * to what is open (architecture 4.6).
 *
 *   held -> dryRunning -> waiting (until released and free) -> started -> ended: not in the plan
 *
 * - One enactment a target at a time; versions of a target only grow; an unstarted decision is
 *   superseded by a newer version of its target.
 * - Starts keep the order of release, within the target's cooldown and the tenant's hourly and
 *   concurrent bounds. Only what is waited for is here: time itself belongs to the machine.
 * - Every stop holds its scope until a `resume` raises the target's generation above the stop's.
 *   `pause` does no more. `abort` also ends what has not started and restores what has.
 *   `emergency-stop` ends everything in scope without a further driver call.
 * - A `resume` is held by nothing: it must be able to run while everything else is stopped.
 *
 * Pure.
 */

import type { DryRun, Stop } from '#protocols/messages/enactment.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { Decision } from '../events.ts';

/** `held` has no enactment machine yet; every other stage has one. */
export type Stage = 'held' | 'dryRunning' | 'waiting' | 'started';

export interface Planned {
  readonly decision: Decision;
  readonly stage: Stage;
  /** Governance wants it done. */
  readonly isReleased: boolean;
  /** Set from `waiting` on. */
  readonly dryRun: DryRun | null;
  /** An intent is on disk: probe, do not act. */
  readonly found: boolean;
  /** Found after an emergency stop: find out and put back, never go on. */
  readonly stopped: boolean;
}

export type PlanLimits = Pick<
  Policy['limits'],
  'cooldownSeconds' | 'enactmentsPerHour' | 'concurrentEnactments'
>;

export interface Plan {
  readonly limits: PlanLimits;
  /** Open decisions by id, in the order of arrival; a release moves one to the end. */
  readonly open: Readonly<Record<string, Planned>>;
  /** The highest version seen of each target. */
  readonly versions: Readonly<Record<string, number>>;
  readonly stops: readonly Stop[];
  /** The known stop generation of each target; 0 where none is named. */
  readonly generations: Readonly<Record<string, number>>;
  /** Targets in cooldown; once for each that has not ended. */
  readonly cooling: readonly string[];
  /** How many started within the last hour. */
  readonly startedLately: number;
}

/** More stops than this are not kept apart: the newest of each scope and action is what counts. */
export const stopsMax = 1000;

/** Whether the stop covers the target and no resume has lifted it. */
export function isInForce(stop: Stop, target: string, plan: Pick<Plan, 'generations'>): boolean {
  const covers = stop.target === undefined || stop.target === target;
  return covers && stop.generation >= (plan.generations[target] ?? 0);
}

/** The stops that hold this decision; none ever holds a resume. */
export function stopsOn(plan: Plan, { instance, manifest }: Decision): readonly Stop[] {
  if (manifest.action.kind === 'resume') return [];
  return plan.stops.filter((stop) => isInForce(stop, instance.target, plan));
}

export function isEmergency(plan: Plan, decision: Decision): boolean {
  return stopsOn(plan, decision).some(({ action }) => action === 'emergency-stop');
}

/** The stops with one more; a repetition of an older one changes nothing. */
export function recordStop(plan: Plan, stop: Stop): readonly Stop[] {
  const others = plan.stops.filter(
    (known) =>
      known.action !== stop.action ||
      known.target !== stop.target ||
      known.generation > stop.generation,
  );
  return [...others, stop].slice(-stopsMax);
}

/** What an order to stop means for one open decision. */
export type StopOrder = 'none' | 'close' | 'abort' | 'halt';

export function stopOrderOf(plan: Plan, stop: Stop, planned: Planned): StopOrder {
  const { decision, stage } = planned;
  if (decision.manifest.action.kind === 'resume' || stop.action === 'pause') return 'none';
  if (!isInForce(stop, decision.instance.target, plan)) return 'none';
  // Its outcome is known to be an emergency stop's: it is only looked into.
  if (planned.stopped && stage === 'held') return 'none';
  if (stop.action === 'emergency-stop') return 'halt';
  return stage === 'started' ? 'abort' : 'close';
}

/** Open decisions that the newer version replaces: those not started. */
export function supersededBy(plan: Plan, { instance }: Decision): readonly string[] {
  return Object.values(plan.open)
    .filter(({ stage, found }) => stage !== 'started' && !found)
    .map(({ decision }) => decision)
    .filter((older) => older.instance.target === instance.target)
    .filter((older) => older.instance.version < instance.version)
    .map(({ decisionId }) => decisionId);
}

/** Whether a newer version of its target is already known. */
export function isOutdated(plan: Plan, { instance }: Decision): boolean {
  return (plan.versions[instance.target] ?? 0) > instance.version;
}

/** Held decisions that no emergency stop holds any more. */
export function openable(plan: Plan): readonly string[] {
  return Object.values(plan.open)
    .filter(({ stage, decision }) => stage === 'held' && !isEmergency(plan, decision))
    .map(({ decision }) => decision.decisionId);
}

/** The next decision that may start now; null when all have to wait. */
export function nextToStart(plan: Plan): string | null {
  const started = Object.values(plan.open).filter(({ stage }) => stage === 'started');
  const busy = new Set(started.map(({ decision }) => decision.instance.target));
  const hasRoom =
    started.length < plan.limits.concurrentEnactments &&
    plan.startedLately < plan.limits.enactmentsPerHour;
  const next = Object.values(plan.open).find(({ stage, isReleased, decision }) => {
    const { target } = decision.instance;
    if (stage !== 'waiting' || !isReleased || busy.has(target)) return false;
    if (decision.manifest.action.kind === 'resume') return true;
    return hasRoom && !plan.cooling.includes(target) && stopsOn(plan, decision).length === 0;
  });
  return next?.decision.decisionId ?? null;
}

/** The plan's decisions with one changed; the order stays. */
export function amend(
  open: Plan['open'],
  decisionId: string,
  change: Partial<Planned>,
): Plan['open'] {
  const known = open[decisionId];
  return known ? { ...open, [decisionId]: { ...known, ...change } } : open;
}

/** A release: the decision goes to the end of the queue. */
export function release(open: Plan['open'], decisionId: string): Plan['open'] {
  const { [decisionId]: known, ...others } = open;
  return known ? { ...others, [decisionId]: { ...known, isReleased: true } } : open;
}

/** What the driver is asked to do: the decision id is the enactment id, so it is one act. */
export function enactOf({ decisionId, instance, manifest }: Decision): {
  readonly target: string;
  readonly version: number;
  readonly enactmentId: string;
  readonly action: Decision['manifest']['action'];
} {
  return {
    target: instance.target,
    version: instance.version,
    enactmentId: decisionId,
    action: manifest.action,
  };
}

export interface IntentFacts {
  readonly decision: Decision;
  /** Milliseconds: the node's clock, and the highest time this region has persisted. */
  readonly clock: number;
  readonly highestPersisted: number;
  /** In force now. */
  readonly policyHash: string;
  readonly rosterHash: string;
  /** The highest version accepted for the target, and by which decision; 0 and null for none. */
  readonly acceptedVersion: number;
  readonly acceptedBy: string | null;
  /** Whether every approval the gate names is on record, bound, unexpired and unused. */
  readonly isApproved: boolean;
  readonly isDenied: boolean;
}

export type IntentVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly outcome: 'void' | 'expired' | 'superseded' | 'denied';
      readonly reason: string;
    };

/**
 * Whether the intent may be written. Asked again for the same decision after a crash it gives
 * the same answer: what a decision has accepted or used does not count against itself.
 */
export function judgeIntent(facts: IntentFacts): IntentVerdict {
  const { decision } = facts;
  if (isPast(decision.manifest.notAfter, facts)) {
    return { ok: false, outcome: 'expired', reason: 'its notAfter has passed' };
  }
  if (facts.policyHash !== decision.manifest.policyHash) {
    return { ok: false, outcome: 'void', reason: 'policy' };
  }
  if (facts.rosterHash !== decision.manifest.rosterHash) {
    return { ok: false, outcome: 'void', reason: 'roster' };
  }
  const isOwn = facts.acceptedBy === decision.decisionId;
  if (!isOwn && decision.instance.version <= facts.acceptedVersion) {
    return { ok: false, outcome: 'superseded', reason: 'a newer version was accepted' };
  }
  if (facts.isDenied) return { ok: false, outcome: 'denied', reason: 'denied before the intent' };
  if (facts.isApproved) return { ok: true };
  return { ok: false, outcome: 'denied', reason: 'an approval is missing or has expired' };
}

/**
 * Expiry goes by the later of clock and record, so a clock set back revives nothing. A date that
 * does not exist has passed.
 */
export function isPast(
  notAfter: string,
  time: Pick<IntentFacts, 'clock' | 'highestPersisted'>,
): boolean {
  return !(Math.max(time.clock, time.highestPersisted) < Date.parse(notAfter));
}
