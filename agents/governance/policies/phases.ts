/**
 * The autonomy phases: which actions each one may take without a person (spec 12).
 *
 * A whitelist only ever permits; policy P3 may still hold an action back (gate.ts). A scale is
 * measured in both directions, so that taking replicas away is as bounded as adding them. A
 * target that could not be observed has no measure and is on no whitelist.
 *
 * Pure.
 */
import type { Phase } from '#protocols/messages/epoch.ts';
import type { Action, ActionKind } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { scaleFactorOf } from './impact.ts';

export const phases: readonly Phase[] = ['L3', 'L3+', 'L4', 'L4+', 'L5'];

interface Allowance {
  readonly kinds: readonly ActionKind[];
  /** The largest scale, up or down; 1 allows none. */
  readonly scaleFactorMax: number;
  readonly failover: 'none' | 'within-region' | 'across-regions';
}

const plain: readonly ActionKind[] = ['restart', 'rollback', 'rightsize'];

export const whitelists: Readonly<Record<Phase, Allowance>> = {
  L3: { kinds: [], scaleFactorMax: 1, failover: 'none' },
  'L3+': { kinds: ['restart', 'scale'], scaleFactorMax: 1.5, failover: 'none' },
  L4: { kinds: [...plain, 'scale'], scaleFactorMax: 3, failover: 'none' },
  'L4+': { kinds: [...plain, 'scale', 'failover'], scaleFactorMax: 3, failover: 'within-region' },
  // Beyond a factor of three a scale is high risk at every phase (P3).
  L5: { kinds: [...plain, 'scale', 'failover'], scaleFactorMax: 3, failover: 'across-regions' },
};

/** Whether the phase lets this action happen without a person. */
export function isWhitelisted(phase: Phase, action: Action, observed: TargetState | null): boolean {
  const allowance = whitelists[phase];
  if (!observed || !allowance.kinds.includes(action.kind)) return false;
  if (action.kind === 'scale') {
    return scaleFactorOf(action.replicas, observed.replicas) <= allowance.scaleFactorMax;
  }
  if (action.kind === 'failover') {
    return action.toRegion === observed.activeRegion || allowance.failover === 'across-regions';
  }
  return true;
}
