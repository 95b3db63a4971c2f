/**
 * Quorum arithmetic. Exactly two thirds is not a quorum.
 *
 * Pure.
 */
import { QuorateError } from './errors.ts';
import type { FaultModel } from './messages/epoch.ts';

/** How many of n members must sign: floor(n/2)+1 for crash faults, floor(2n/3)+1 for byzantine. */
export function quorumOf(n: number, model: FaultModel): number {
  if (model === 'crash') return Math.floor(n / 2) + 1;
  if (n < 4)
    throw new QuorateError('config', `a byzantine federation has at least 4 members, not ${n}`);
  return Math.floor((2 * n) / 3) + 1;
}

/** How many members may lie: 0 for crash faults, floor((n-1)/3) for byzantine. */
export function faultsTolerated(n: number, model: FaultModel): number {
  return model === 'crash' ? 0 : Math.floor((n - 1) / 3);
}

/** From how many distinct members of a higher round one must hear to skip to it. */
export function roundSkipOf(n: number, model: FaultModel): number {
  return model === 'crash' ? 1 : faultsTolerated(n, model) + 1;
}
