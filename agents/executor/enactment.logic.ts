/**
 * What one enactment knows, what the region answers it, and what it reports in the end.
 *
 * Pure.
 */
import type { DryRun, EnactmentOutcome } from '#protocols/messages/enactment.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import type { Decision, EnactmentResult } from '../events.ts';
import type { IntentVerdict } from './plan.ts';

/** Probes and restores are repeated so often before a person has to look. */
export const attemptsMax = 5;
/** The pause before the first repetition; each later one is twice as long. */
export const retryPauseMs = 1000;
const reasonCharactersMax = 500;

export interface EnactmentInput {
  readonly decision: Decision;
  /** On record already: it is not repeated. */
  readonly dryRun: DryRun | null;
  /** An intent is on disk and its result is not: probe first. */
  readonly found: boolean;
  /** Why it must be put back instead of finished; null when it may go on. */
  readonly stop: string | null;
}

export interface EnactmentContext extends EnactmentInput {
  /** The state before the act, from the snapshot; what a restore puts back. */
  readonly before: TargetState | null;
  readonly preState: string | null;
  readonly postState: string | null;
  /** Whether this life has asked the driver to apply: then it never asks again. */
  readonly tried: boolean;
  readonly attempts: number;
  readonly outcome: EnactmentOutcome;
  readonly reason: string;
}

/** What the region answers. Each answer is on disk, with its audit entry, before it is given. */
export interface Snapshot {
  readonly preState: string;
  readonly state: TargetState;
}
/** `expired`: notAfter has passed, checked right before the driver call. */
export type Applied = 'applied' | 'already-applied' | 'fenced' | 'expired';
export interface Verified {
  readonly ok: boolean;
  readonly reasons: readonly string[];
  readonly postState: string;
}
export interface Restored {
  readonly postState: string;
}
/** `applied`: the driver says so, or this region's own record does. */
export interface Probed {
  readonly applied: boolean;
  readonly before: TargetState | null;
}
export interface RestoreInput {
  readonly decision: Decision;
  readonly before: TargetState;
}

export interface Conclusion {
  readonly outcome: EnactmentOutcome;
  readonly reason: string;
}

export function startOf(input: EnactmentInput): EnactmentContext {
  return {
    ...input,
    before: null,
    preState: null,
    postState: null,
    tried: false,
    attempts: 0,
    outcome: 'failed',
    reason: '',
  };
}

/** Whether the target has changed since the dry-run that the approvals are bound to. */
export function hasDrifted({ dryRun, preState }: EnactmentContext): boolean {
  return dryRun === null || dryRun.preState !== preState;
}

export function canRestore({ before, decision }: EnactmentContext): boolean {
  return before !== null && decision.manifest.reversible;
}

/** What a probe tells about the state before the act; our own snapshot if it tells nothing. */
export function afterProbe(
  context: EnactmentContext,
  { before }: Probed,
): Pick<EnactmentContext, 'before' | 'preState' | 'attempts'> {
  const known = before ?? context.before;
  const { kind } = context.decision.manifest.action;
  return { before: known, preState: known ? stateDigest(known, kind) : null, attempts: 0 };
}

/** A refused intent ends with the region's reason. */
export function refusalOf(verdict: IntentVerdict): Conclusion {
  return verdict.ok
    ? { outcome: 'failed', reason: 'refused without a reason' }
    : { outcome: verdict.outcome, reason: `${verdict.outcome}: ${verdict.reason}` };
}

/** A restore succeeded only if the digest is that of the snapshot (invariant I10). */
export function restoredAs(context: EnactmentContext, { postState }: Restored): Conclusion {
  const reason = context.stop ?? context.reason;
  return postState === context.preState
    ? { outcome: 'rolled-back', reason }
    : { outcome: 'failed', reason: `restored to another state than before: ${reason}` };
}

export function resultOf(context: EnactmentContext): EnactmentResult {
  const { decision, preState, postState } = context;
  return {
    type: 'enactment/1',
    federation: decision.manifest.federation,
    instance: decision.instance,
    decisionId: decision.decisionId,
    executor: decision.manifest.executor,
    outcome: context.outcome,
    reason: context.reason.slice(0, reasonCharactersMax),
    ...(preState !== null && { preState }),
    ...(postState !== null && { postState }),
  };
}

/** The result of a decision that ends without an enactment of its own. */
export function resultWithout(decision: Decision, conclusion: Conclusion): EnactmentResult {
  const untouched = startOf({ decision, dryRun: null, found: false, stop: null });
  return resultOf({ ...untouched, ...conclusion });
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
