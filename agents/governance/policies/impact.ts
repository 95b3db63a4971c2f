/**
 * How far an action reaches: the impact class that policy P3 and the autonomy phases go by.
 *
 * Computed from what the action does to the state it was composed for, never from what its
 * author claims, so that every region that sees the same state gets the same class. A scale
 * counts in both directions: taking two thirds of the replicas away is as drastic as tripling
 * them. Cross-tenant manifests do not exist: the schema allows one tenant.
 *
 * Pure.
 */
import type { Impact } from '#protocols/messages/common.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { Action, ActionKind } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

export type ImpactLimits = Pick<Policy['limits'], 'scaleHighRiskFactor'>;

/** Up to this multiple of the present replicas a scale is low impact (phase L3+). */
export const scaleLowImpactFactor = 1.5;

export function impactOf(action: Action, observed: TargetState, limits: ImpactLimits): Impact {
  if (!isReversible(action.kind)) return 'high';
  switch (action.kind) {
    case 'scale': {
      const factor = scaleFactorOf(action.replicas, observed.replicas);
      if (factor > limits.scaleHighRiskFactor) return 'high';
      return factor <= scaleLowImpactFactor ? 'low' : 'medium';
    }
    case 'restart':
      return 'low';
    case 'failover':
      return 'high';
    default:
      return 'medium';
  }
}

/** Whether what the action changes can be put back. A key that was replaced is gone. */
export function isReversible(kind: ActionKind): boolean {
  return kind !== 'rotate-keys';
}

/** By how much the replicas change, up or down; from or to nothing is without bound. */
export function scaleFactorOf(to: number, from: number): number {
  if (to === from) return 1;
  return Math.max(to, from) / Math.min(to, from);
}
