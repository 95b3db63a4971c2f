/**
 * From an intent to an action: an absolute end, computed from the state that was observed.
 *
 * Pure.
 */
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import type { Intent } from './negotiator.logic.ts';

/** No remediation asks for more replicas than this. */
export const replicasMax = 64;
/** Rightsizing takes a quarter away at a time, never below this. */
const rightsizeShare = 0.75;
const cpuMillisMin = 100;
const memoryMibMin = 128;

type Template = (
  intent: Intent,
  observed: TargetState,
  regions: readonly string[],
) => Action | null;

const templates: Readonly<Record<Intent['kind'], Template>> = {
  scale: ({ factor }, { replicas }) => ({
    kind: 'scale',
    replicas: scaledReplicas(replicas, factor),
  }),
  restart: (_, { generation }) => ({ kind: 'restart', generation: generation + 1 }),
  rollback: (_, { release, generation }) =>
    // Where there is no earlier release, starting afresh is what is left.
    release > 1
      ? { kind: 'rollback', release: release - 1 }
      : { kind: 'restart', generation: generation + 1 },
  failover: (_, observed, regions) => {
    const toRegion = regionAfter(observed, regions);
    return toRegion === null ? null : { kind: 'failover', toRegion };
  },
  rightsize: (_, { cpuMillis, memoryMib }) => ({
    kind: 'rightsize',
    cpuMillis: Math.max(cpuMillisMin, Math.round(cpuMillis * rightsizeShare)),
    memoryMib: Math.max(memoryMibMin, Math.round(memoryMib * rightsizeShare)),
  }),
};

/** The action for an intent; null when it would change nothing. */
export function actionOf(
  intent: Intent,
  observed: TargetState,
  regions: readonly string[],
): Action | null {
  const action = templates[intent.kind](intent, observed, regions);
  return action && objectionTo(action, observed) === null ? action : null;
}

/** The replicas that a factor asks for; at least one more. */
export function scaledReplicas(replicas: number, factor: number): number {
  const wanted = Math.max(replicas + 1, Math.floor(replicas * factor));
  return Math.min(replicasMax, wanted);
}

/** Why the action is nonsense for the state that is seen here, or null when it is not. */
export function objectionTo(action: Action, observed: TargetState): string | null {
  switch (action.kind) {
    case 'scale':
      if (action.replicas === observed.replicas)
        return `it already has ${observed.replicas} replicas`;
      if (action.replicas === 0) return 'no replica would be left';
      return action.replicas > replicasMax ? `${action.replicas} replicas are too many` : null;
    case 'restart':
      return action.generation === observed.generation + 1
        ? null
        : `the next restart is number ${observed.generation + 1}, not ${action.generation}`;
    case 'rollback':
      return action.release < observed.release ? null : `release ${observed.release} is running`;
    case 'rotate-keys':
      if (!observed.healthy) return 'it is unhealthy, and a new key would hide why';
      return action.keyVersion === observed.keyVersion + 1
        ? null
        : `the next key is number ${observed.keyVersion + 1}, not ${action.keyVersion}`;
    case 'failover':
      return action.toRegion === observed.activeRegion
        ? `it already runs in ${observed.activeRegion}`
        : null;
    case 'rightsize':
      if (!observed.healthy) return 'it is unhealthy, and must not lose capacity';
      return isSmaller(action, observed) ? null : 'it would not get smaller';
    case 'resume':
      return action.generation > observed.stopGeneration ? null : 'it is not stopped';
  }
}

function isSmaller(action: Extract<Action, { kind: 'rightsize' }>, observed: TargetState): boolean {
  const { cpuMillis, memoryMib } = action;
  if (cpuMillis > observed.cpuMillis || memoryMib > observed.memoryMib) return false;
  return cpuMillis < observed.cpuMillis || memoryMib < observed.memoryMib;
}

export function isSameAction(a: Action, b: Action): boolean {
  return digestOf(canonicalBytes(a)) === digestOf(canonicalBytes(b));
}

/** The next region after the active one, in name order, so that every region picks the same. */
function regionAfter(observed: TargetState, regions: readonly string[]): string | null {
  const sorted = regions.toSorted();
  const next = sorted.find((region) => region > observed.activeRegion) ?? sorted[0];
  return next === undefined || next === observed.activeRegion ? null : next;
}
