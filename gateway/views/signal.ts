/** An anomaly that a region found. */
import Type, { type Static } from 'typebox';
import { Name, Severity, Share, Timestamp } from '#protocols/messages/common.ts';
import { MetricKind, Signal } from '#protocols/messages/signal.ts';
import { nullable } from './common.ts';

export const SignalWire = Type.Object(
  {
    signal_id: Type.String(),
    ts: Timestamp,
    service: Name,
    region: Name,
    metric: Name,
    kind: MetricKind,
    severity: Severity,
    score: Share,
    method: Type.String(),
    zscore: Type.Number(),
    ewma: Type.Number(),
    /** What was seen, and what would have been normal. */
    evidence: Signal.properties.evidence,
    hint: Type.String(),
    incident_id: nullable(Type.String()),
  },
  { $id: 'signal-view/1', additionalProperties: false },
);

export function signalWire(signal: Signal, incidentId: string | null): Static<typeof SignalWire> {
  const { signalId, at, service, region, metric, kind, severity, score } = signal;
  const { method, zscore, ewma, evidence, hint } = signal;
  return {
    signal_id: signalId,
    ts: at,
    service,
    region,
    metric,
    kind,
    severity,
    score,
    method,
    zscore,
    ewma,
    evidence,
    hint,
    incident_id: incidentId,
  };
}
