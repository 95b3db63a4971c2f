/**
 * What a target costs a month.
 *
 * One linear price model for regions and drivers, on purpose: regions compare estimates with
 * each other, so what counts is that all of them use the same one. Currency units are the
 * tenant's own.
 *
 * Pure.
 */
import type { TargetState } from './messages/target-state.ts';

/** List-price order of magnitude of one virtual CPU and one GiB for a month. */
export const pricePerCpu = 24;
export const pricePerGib = 3;

export type Capacity = Pick<TargetState, 'replicas' | 'cpuMillis' | 'memoryMib'>;

export function monthlyCost({ replicas, cpuMillis, memoryMib }: Capacity): number {
  return replicas * ((cpuMillis / 1000) * pricePerCpu + (memoryMib / 1024) * pricePerGib);
}

/** The monthly difference, rounded to cents; negative saves. */
export function costDifference(before: Capacity, after: Capacity): number {
  return Math.round((monthlyCost(after) - monthlyCost(before)) * 100) / 100;
}
