/**
 * The rules of the mock cluster: what a target is, what an action makes of it, what is refused.
 *
 * Pure.
 */
import { costDifference } from '#protocols/cost.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import { fieldsOfAction, type TargetState } from '#protocols/messages/target-state.ts';
import type { DryRunResult, Enact } from '../ports.ts';

/** One target as its file holds it. */
export interface MockTarget {
  readonly state: TargetState;
  /** The newest release there is; all from 1 to it can be rolled back to. */
  readonly latestRelease: number;
  /** The last enactments, oldest first. */
  readonly enactments: readonly AppliedEnactment[];
}

export interface AppliedEnactment {
  readonly enactmentId: string;
  readonly version: number;
  readonly action: Action;
  readonly effect: 'applied' | 'restored';
}

export interface ClusterLimits {
  readonly regions: readonly string[];
  /** What one target may have: the size of the cluster. */
  readonly replicasMax: number;
}

/** An older enactment is still refused by its version. */
const enactmentsMax = 64;
/** Smaller containers do not start. */
const cpuMillisMin = 10;
const memoryMibMin = 16;

/** Actions that replace what runs, and with it what was unhealthy. */
const healing: readonly Action['kind'][] = ['restart', 'rollback', 'failover'];

export function newTarget(state: TargetState): MockTarget {
  return { state, latestRelease: state.release, enactments: [] };
}

/** The state the action asks for. */
export function endState(state: TargetState, action: Action): TargetState {
  switch (action.kind) {
    case 'scale':
      return { ...state, replicas: action.replicas };
    case 'restart':
      return { ...state, generation: action.generation };
    case 'rollback':
      return { ...state, release: action.release };
    case 'rotate-keys':
      return { ...state, keyVersion: action.keyVersion };
    case 'failover':
      return { ...state, activeRegion: action.toRegion };
    case 'rightsize':
      return { ...state, cpuMillis: action.cpuMillis, memoryMib: action.memoryMib };
    case 'resume':
      return { ...state, stopGeneration: action.generation };
  }
}

export function dryRunOf(target: MockTarget, action: Action, limits: ClusterLimits): DryRunResult {
  const after = endState(target.state, action);
  const diff = fieldsOfAction[action.kind]
    .filter((field) => target.state[field] !== after[field])
    .map((field) => ({ field, from: String(target.state[field]), to: String(after[field]) }));
  const reasons = refusalsOf(target, action, limits);
  const costDelta = costDifference(target.state, after);
  return { ok: reasons.length === 0, diff, reasons, costDelta };
}

/** Why the cluster would not do this; empty when it would. */
export function refusalsOf(
  { state, latestRelease }: MockTarget,
  action: Action,
  limits: ClusterLimits,
): readonly string[] {
  switch (action.kind) {
    case 'scale':
      if (action.replicas === 0) return ['0 replicas would take the service down'];
      return action.replicas > limits.replicasMax
        ? [`${action.replicas} replicas do not fit; the cluster holds ${limits.replicasMax}`]
        : [];
    case 'restart':
      return countingRefusal('restart', state.generation, action.generation);
    case 'rollback':
      return action.release > latestRelease
        ? [`release ${action.release} does not exist; the newest is ${latestRelease}`]
        : [];
    case 'rotate-keys':
      return countingRefusal('key version', state.keyVersion, action.keyVersion);
    case 'failover':
      return limits.regions.includes(action.toRegion)
        ? []
        : [`there is no region ${action.toRegion}`];
    case 'rightsize':
      return action.cpuMillis < cpuMillisMin || action.memoryMib < memoryMibMin
        ? [`nothing starts with less than ${cpuMillisMin} millicores and ${memoryMibMin} MiB`]
        : [];
    case 'resume':
      return action.generation < state.stopGeneration
        ? [`stop generation ${action.generation} is in the past; it is ${state.stopGeneration}`]
        : [];
  }
}

/** Counters go up one by one; where one already is, nothing is left to do. */
function countingRefusal(what: string, now: number, wanted: number): readonly string[] {
  if (wanted < now) return [`${what} ${wanted} is in the past; it is ${now}`];
  return wanted > now + 1 ? [`${what} ${wanted} skips one; it is ${now}`] : [];
}

export function applied(target: MockTarget, enact: Enact, isFaulty: boolean): MockTarget {
  const { action, version } = enact;
  const { healthy } = target.state;
  return {
    ...target,
    state: {
      ...endState(target.state, action),
      healthy: !isFaulty && (healthy || healing.includes(action.kind)),
      fence: version,
    },
    enactments: withEnactment(target, { ...idOf(enact), action, effect: 'applied' }),
  };
}

/** Puts back the fields that the action changes, and the health there was. */
export function restored(target: MockTarget, enact: Enact, before: TargetState): MockTarget {
  const fields = fieldsOfAction[enact.action.kind].map((field) => [field, before[field]] as const);
  return {
    ...target,
    state: {
      ...target.state,
      ...Object.fromEntries(fields),
      healthy: before.healthy,
      fence: Math.max(target.state.fence, enact.version),
    },
    enactments: withEnactment(target, {
      ...idOf(enact),
      action: enact.action,
      effect: 'restored',
    }),
  };
}

export function endDifferences(state: TargetState, action: Action): readonly string[] {
  const end = endState(state, action);
  const wrong = fieldsOfAction[action.kind]
    .filter((field) => state[field] !== end[field])
    .map((field) => `${field} is ${state[field]}, not ${end[field]}`);
  return state.healthy ? wrong : [...wrong, 'the target is unhealthy'];
}

function idOf({ enactmentId, version }: Enact) {
  return { enactmentId, version };
}

function withEnactment(target: MockTarget, entry: AppliedEnactment): readonly AppliedEnactment[] {
  const others = target.enactments.filter(({ enactmentId }) => enactmentId !== entry.enactmentId);
  return [...others, entry].slice(-enactmentsMax);
}
