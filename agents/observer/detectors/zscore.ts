/**
 * Streaming z-score: how many standard deviations a point lies from the mean of its past.
 *
 * Welford's update with exponential forgetting: the weight of a new point is 1/n until n reaches
 * the memory, then constant, so that old regimes fade and the cost of a point never grows. A
 * point is scored before it is learned; otherwise it would vouch for itself.
 *
 * Pure.
 */

/** JSON: stored with the replay offset. */
export interface ZscoreState {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** Two days of five-minute points: a daily rhythm belongs to what is normal. */
export const zscoreMemory = 576;

/** A series that never moved has no deviation; then a hundredth of its level counts as one. */
export const deviationFloorShare = 0.01;

export const zscoreStart: ZscoreState = { count: 0, mean: 0, variance: 0 };

/** Signed: positive above the mean. */
export function zscoreOf(state: ZscoreState, value: number): number {
  return (value - state.mean) / deviationOf(state);
}

export function deviationOf(state: ZscoreState): number {
  return Math.max(Math.sqrt(state.variance), deviationFloor(state.mean));
}

export function learnZscore(state: ZscoreState, value: number): ZscoreState {
  const count = state.count + 1;
  const weight = 1 / Math.min(count, zscoreMemory);
  const delta = value - state.mean;
  return {
    count,
    mean: state.mean + weight * delta,
    variance: (1 - weight) * (state.variance + weight * delta * delta),
  };
}

export function deviationFloor(mean: number): number {
  return deviationFloorShare * Math.abs(mean) + Number.EPSILON;
}
