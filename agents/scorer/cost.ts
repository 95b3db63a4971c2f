/**
 * What a target costs a month, and what an action would change about that.
 *
 * One linear price model, on purpose: regions compare estimates with each other, so what counts
 * is that all of them use the same one. Currency units are the tenant's own.
 *
 * Pure.
 */
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

/** List-price order of magnitude of one virtual CPU and one GiB for a month. */
export const pricePerCpu = 24;
export const pricePerGib = 3;

type Capacity = Pick<TargetState, 'replicas' | 'cpuMillis' | 'memoryMib'>;

export function monthlyCost({ replicas, cpuMillis, memoryMib }: Capacity): number {
  return replicas * ((cpuMillis / 1000) * pricePerCpu + (memoryMib / 1024) * pricePerGib);
}

/** Negative saves. Rounded to cents. */
export function costDelta(action: Action, observed: TargetState): number {
  const delta = monthlyCost(capacityAfter(action, observed)) - monthlyCost(observed);
  return Math.round(delta * 100) / 100;
}

function capacityAfter(action: Action, { replicas, cpuMillis, memoryMib }: TargetState): Capacity {
  if (action.kind === 'scale') return { replicas: action.replicas, cpuMillis, memoryMib };
  if (action.kind === 'rightsize') {
    return { replicas, cpuMillis: action.cpuMillis, memoryMib: action.memoryMib };
  }
  return { replicas, cpuMillis, memoryMib };
}
