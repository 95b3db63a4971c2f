/**
 * What an action would change about what a target costs.
 *
 * Pure.
 */
import { type Capacity, costDifference } from '#protocols/cost.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

/** A month's difference in the tenant's currency units; negative saves. */
export function costDelta(action: Action, observed: TargetState): number {
  return costDifference(observed, capacityAfter(action, observed));
}

function capacityAfter(action: Action, { replicas, cpuMillis, memoryMib }: TargetState): Capacity {
  if (action.kind === 'scale') return { replicas: action.replicas, cpuMillis, memoryMib };
  if (action.kind === 'rightsize') {
    return { replicas, cpuMillis: action.cpuMillis, memoryMib: action.memoryMib };
  }
  return { replicas, cpuMillis, memoryMib };
}
