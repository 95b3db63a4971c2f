/**
 * A signal: an anomaly that one region's observer found, with the evidence for it.
 *
 * `at` is event time. The id is derived from tenant, service, region, metric and `at`, so the
 * same point replayed after a crash gives the same signal, not a second one.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Hash, Name, Severity, Share, ShortText, Timestamp } from './common.ts';

/** The five shapes of telemetry that risk rules tell apart. */
export const MetricKind = Type.Union([
  Type.Literal('saturation'),
  Type.Literal('latency'),
  Type.Literal('traffic'),
  Type.Literal('errors'),
  Type.Literal('spend'),
]);
export type MetricKind = Static<typeof MetricKind>;

export const Signal = Type.Object(
  {
    type: Type.Literal('signal/1'),
    signalId: Hash,
    tenant: Name,
    service: Name,
    region: Name,
    metric: Name,
    kind: MetricKind,
    at: Timestamp,
    severity: Severity,
    score: Share,
    method: Type.Union([Type.Literal('zscore'), Type.Literal('ewma')]),
    zscore: Type.Number(),
    ewma: Type.Number(),
    hint: ShortText,
    /** Equal for signals that mean the same trouble: deduplicated within a cooldown. */
    fingerprint: Hash,
    evidence: Type.Object(
      {
        value: Type.Number(),
        /** Which side of normal the value lies on. */
        direction: Type.Union([Type.Literal('above'), Type.Literal('below')]),
        mean: Type.Number(),
        deviation: Type.Number({ minimum: 0 }),
        points: Type.Integer({ minimum: 0 }),
      },
      { additionalProperties: false },
    ),
  },
  { $id: 'signal/1', additionalProperties: false },
);
export type Signal = Static<typeof Signal>;
