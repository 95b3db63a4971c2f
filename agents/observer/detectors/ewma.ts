/**
 * Streaming EWMA: whether the series has stayed away from where it used to be.
 *
 * The series is smoothed exponentially, and the smoothed value is compared with its own slow
 * mean in units of its own mean absolute deviation. Judging the smoothed series by itself, not by
 * the textbook variance of an EWMA of independent points, keeps strongly autocorrelated
 * telemetry from alarming at every turn. 1.25 mean absolute deviations are one standard
 * deviation of a normal distribution; unlike it, one outlier does not blow the measure up.
 *
 * Pure.
 */
import { deviationFloor } from './zscore.ts';

/** JSON: stored with the replay offset. */
export interface EwmaState {
  readonly count: number;
  /** The smoothed series. */
  readonly level: number;
  /** The slow mean of the smoothed series, and its mean absolute deviation. */
  readonly mean: number;
  readonly spread: number;
}

/** About an hour of five-minute points. */
export const ewmaSmoothing = 0.1;
/** Two days of five-minute points, as the z-score. */
export const ewmaMemory = 576;

export const ewmaStart: EwmaState = { count: 0, level: 0, mean: 0, spread: 0 };

/** Signed: positive when the smoothed series, this point included, lies above its past. */
export function ewmaOf(state: EwmaState, value: number): number {
  const deviation = Math.max(1.25 * state.spread, deviationFloor(state.mean));
  return (smooth(state, value) - state.mean) / deviation;
}

export function learnEwma(state: EwmaState, value: number): EwmaState {
  const level = smooth(state, value);
  if (state.count === 0) return { count: 1, level, mean: level, spread: 0 };
  const count = state.count + 1;
  const weight = 1 / Math.min(count, ewmaMemory);
  const delta = level - state.mean;
  return {
    count,
    level,
    mean: state.mean + weight * delta,
    spread: state.spread + weight * (Math.abs(delta) - state.spread),
  };
}

function smooth(state: EwmaState, value: number): number {
  return state.count === 0 ? value : state.level + ewmaSmoothing * (value - state.level);
}
