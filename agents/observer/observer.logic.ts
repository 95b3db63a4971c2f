/**
 * What the observer decides: is a point anomalous, is it news, and what to say about it.
 *
 * Two detectors look at every point: the z-score finds spikes, the EWMA finds levels that stay.
 * A point's deviation is the larger of the two, and its score is that deviation squashed to
 * 0..1. A run of anomalous points is one anomaly until it gets clearly worse.
 *
 * Pure: event time comes in with the points.
 */
import type { Anomaly } from '#agents/events.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Severity } from '#protocols/messages/common.ts';
import type { MetricKind, Signal } from '#protocols/messages/signal.ts';
import { type EwmaState, ewmaOf, ewmaStart, learnEwma } from './detectors/ewma.ts';
import {
  deviationOf,
  learnZscore,
  type ZscoreState,
  zscoreOf,
  zscoreStart,
} from './detectors/zscore.ts';

/** One point of one series, as a telemetry source delivers it. */
export interface SeriesPoint {
  readonly service: string;
  readonly metric: string;
  readonly kind: MetricKind;
  /** Event time, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly value: number;
}

/** JSON, one a series: stored with the replay offset. */
export interface DetectorState {
  readonly zscore: ZscoreState;
  readonly ewma: EwmaState;
  /** Of the anomaly reported last: where in the series, and how bad; null when none yet. */
  readonly reported: Report | null;
}

interface Report {
  readonly count: number;
  readonly direction: Anomaly['direction'];
  readonly score: number;
}

interface Scored {
  readonly score: number;
  readonly zscore: number;
  readonly ewma: number;
}

/** Half a day of five-minute points: below that nobody knows what is normal. */
export const warmUpPoints = 144;
/** Four deviations are an anomaly. */
export const anomalyScoreMin = 0.5;
/** A run is reported again after so many points, or when its score rose by so much. */
export const quietPoints = 12;
export const worseBy = 0.1;
/** Beyond this nothing gets worse; it keeps messages readable. */
const deviationMax = 100;

export function detect(
  before: DetectorState | undefined,
  points: readonly SeriesPoint[],
): { readonly state: DetectorState; readonly anomalies: readonly Anomaly[] } {
  let { zscore, ewma, reported } = before ?? {
    zscore: zscoreStart,
    ewma: ewmaStart,
    reported: null,
  };
  const anomalies: Anomaly[] = [];
  for (const point of points) {
    if (!Number.isFinite(point.value)) continue;
    if (zscore.count >= warmUpPoints) {
      const scored = scoreOf({ zscore, ewma }, point.value);
      const report = reportOf(scored, zscore.count);
      if (report && isNewRun(reported, report)) {
        anomalies.push(anomalyOf(point, scored, zscore));
        reported = report;
      }
    }
    zscore = learnZscore(zscore, point.value);
    ewma = learnEwma(ewma, point.value);
  }
  return { state: { zscore, ewma, reported }, anomalies };
}

/** How unusual the value is after the points learned so far. */
export function scoreOf(
  state: { readonly zscore: ZscoreState; readonly ewma: EwmaState },
  value: number,
): Scored {
  const zscore = bounded(zscoreOf(state.zscore, value));
  const ewma = bounded(ewmaOf(state.ewma, value));
  const deviation = Math.max(Math.abs(zscore), Math.abs(ewma));
  return { score: deviation / (deviation + 4), zscore, ewma };
}

function bounded(deviation: number): number {
  return Math.min(deviationMax, Math.max(-deviationMax, deviation));
}

function reportOf(scored: Scored, count: number): Report | null {
  if (scored.score < anomalyScoreMin) return null;
  return { count, direction: leading(scored).value > 0 ? 'above' : 'below', score: scored.score };
}

function isNewRun(last: Report | null, report: Report): boolean {
  if (!last || last.direction !== report.direction) return true;
  return report.count - last.count >= quietPoints || report.score >= last.score + worseBy;
}

function anomalyOf(point: SeriesPoint, scored: Scored, zscore: ZscoreState): Anomaly {
  const { method, value } = leading(scored);
  return {
    service: point.service,
    metric: point.metric,
    kind: point.kind,
    at: point.at,
    value: point.value,
    direction: value > 0 ? 'above' : 'below',
    score: scored.score,
    method,
    zscore: scored.zscore,
    ewma: scored.ewma,
    mean: zscore.mean,
    deviation: deviationOf(zscore),
    points: zscore.count,
  };
}

/** The method that found more. */
function leading(scored: Scored): { method: Signal['method']; value: number } {
  return Math.abs(scored.ewma) >= Math.abs(scored.zscore)
    ? { method: 'ewma', value: scored.ewma }
    : { method: 'zscore', value: scored.zscore };
}

/** Equal for anomalies that mean the same trouble of the same service in the same region. */
export function fingerprintOf(anomaly: Anomaly, tenant: string, region: string): string {
  const { service, metric, direction } = anomaly;
  return hashOf('quorate/fingerprint/1', tenant, service, region, metric, direction);
}

/** JSON: what was signalled lately, by fingerprint. */
export type Heard = Readonly<Record<string, { readonly at: number; readonly severity: Severity }>>;

export interface ObserverLimits {
  /** Event time during which the same trouble is not signalled again. */
  readonly cooldownMs: number;
  readonly fingerprintsMax: number;
}

export const observerLimits: ObserverLimits = {
  // Long enough that a lasting incident is a handful of signals, not hundreds.
  cooldownMs: 2 * 3_600_000,
  fingerprintsMax: 4096,
};

/** Whether the signal says something that was not said within the cooldown, or that got worse. */
export function isNews(heard: Heard, signal: Signal, limits: ObserverLimits): boolean {
  const last = heard[signal.fingerprint];
  if (!last) return true;
  const isOver = Date.parse(signal.at) - last.at >= limits.cooldownMs;
  return isOver || isWorse(signal.severity, last.severity);
}

/** What was heard, this signal included; what is over is forgotten, then what is oldest. */
export function remember(heard: Heard, signal: Signal, limits: ObserverLimits): Heard {
  const at = Date.parse(signal.at);
  const { fingerprint, severity } = signal;
  const after: Heard = { ...heard, [fingerprint]: { at, severity } };
  if (Object.keys(after).length <= limits.fingerprintsMax) return after;
  const kept = Object.entries(after)
    .filter(([, last]) => at - last.at < limits.cooldownMs)
    .toSorted(([, a], [, b]) => b.at - a.at)
    .slice(0, limits.fingerprintsMax);
  return Object.fromEntries(kept);
}

/** The signal that an anomaly is worth; the same anomaly always gives the same signal. */
export function signalOf(anomaly: Anomaly, tenant: string, region: string): Signal {
  const { service, metric, kind, at, score, method } = anomaly;
  return {
    type: 'signal/1',
    signalId: hashOf('quorate/signal/1', tenant, service, region, metric, at),
    tenant,
    service,
    region,
    metric,
    kind,
    at: new Date(at).toISOString(),
    severity: severityOf(score),
    score,
    method,
    zscore: anomaly.zscore,
    ewma: anomaly.ewma,
    hint: hintOf(anomaly),
    fingerprint: fingerprintOf(anomaly, tenant, region),
    evidence: {
      value: anomaly.value,
      direction: anomaly.direction,
      mean: anomaly.mean,
      deviation: anomaly.deviation,
      points: anomaly.points,
    },
  };
}

/** Four, six, twelve and twenty-eight deviations. */
export function severityOf(score: number): Severity {
  if (score >= 0.875) return 'critical';
  if (score >= 0.75) return 'high';
  return score >= 0.6 ? 'medium' : 'low';
}

const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

export function isWorse(severity: Severity, than: Severity): boolean {
  return severities.indexOf(severity) > severities.indexOf(than);
}

function hintOf(anomaly: Anomaly): string {
  const { metric, direction, method } = anomaly;
  const deviations = Math.abs(method === 'ewma' ? anomaly.ewma : anomaly.zscore).toFixed(1);
  const how = method === 'ewma' ? 'has stayed' : 'is';
  const values = `${short(anomaly.value)}, normally ${short(anomaly.mean)}`;
  return `${metric} ${how} ${deviations} deviations ${direction} normal (${values})`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function hashOf(...parts: readonly (string | number)[]): string {
  return digestOf(canonicalBytes(parts)).slice('sha256:'.length);
}
