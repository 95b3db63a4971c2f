/**
 * How a tenant brings a failed agent back.
 *
 * XState leaves a failed actor with the state it had before the event that failed it: the last
 * good snapshot, taken before each event at no cost. Observer, scorer and negotiator go on from
 * it. Executor and governance are not restored, since their children's invokes would run again
 * and their timers would not: they begin afresh and are told what was open, intents as found.
 *
 * Pure.
 */
import type { Snapshot } from 'xstate';
import type { AgentEvent, AgentName } from './events.ts';
import { type ExecutorContext, recoverExecutor } from './executor/executor.logic.ts';
import { recoverGovernance } from './governance/governance.logic.ts';
import type { GovernanceContext } from './governance/governance.machine.ts';
import type { Revival } from './revive.ts';

export const agentNames = [
  'observer',
  'scorer',
  'negotiator',
  'executor',
  'governance',
] as const satisfies readonly AgentName[];

/** So many failures in a row, with no event handled in between, and the agent stays down. */
export const restartsMax = 5;
export const backoffMsMin = 100;
/** Events that wait for a restart; with more the agent has lost too much to go on. */
export const pendingMax = 1000;

/** One agent's life as its tenant sees it. */
export interface Life {
  readonly revival: Revival;
  /** To be told once it runs again: what it recovers from, then what came meanwhile. */
  readonly pending: readonly AgentEvent[];
  /** Failures in a row. */
  readonly failures: number;
  /** Whether it has been told something new since its last start. */
  readonly hasHeard: boolean;
  readonly reason: string;
}

export function firstLife(input: unknown): Life {
  const revival = { input, snapshot: null };
  return { revival, pending: [], failures: 0, hasHeard: false, reason: '' };
}

/** One more event for a running agent: if it had heard one before, it has survived that. */
export function heard(life: Life): Life {
  return { ...life, failures: life.hasHeard ? 0 : life.failures, hasHeard: true };
}

export interface Failure {
  readonly agent: AgentName;
  readonly error: unknown;
  /** Null when it failed before it had a state. */
  readonly context: unknown;
  readonly persisted: Snapshot<unknown> | null;
}

/** The life after a failure: what it starts from and what it is told first. */
export function failed(life: Life, failure: Failure, input: unknown): Life {
  const { revival, events } = recover(failure, input);
  return {
    revival,
    pending: [...events, ...life.pending].slice(0, pendingMax),
    failures: life.failures + 1,
    hasHeard: false,
    reason: failure.error instanceof Error ? failure.error.message : String(failure.error),
  };
}

export function backoffMs(life: Life): number {
  return backoffMsMin * 2 ** Math.max(0, life.failures - 1);
}

function recover(
  { agent, context, persisted }: Failure,
  input: unknown,
): { readonly revival: Revival; readonly events: readonly AgentEvent[] } {
  const afresh = { input, snapshot: null };
  if (context === null || context === undefined) return { revival: afresh, events: [] };
  if (agent === 'executor') {
    const recovered = recoverExecutor(context as ExecutorContext);
    return { revival: { input: recovered.input, snapshot: null }, events: recovered.events };
  }
  if (agent === 'governance') {
    const { open } = context as GovernanceContext;
    return { revival: afresh, events: recoverGovernance(open) };
  }
  return { revival: { input, snapshot: persisted }, events: [] };
}
