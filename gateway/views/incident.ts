/** Signals that belong together, and what came of them. */
import Type, { type Static } from 'typebox';
import { DecisionId, Hash, Name, Share, Timestamp } from '#protocols/messages/common.ts';
import type { IncidentView } from '#regions/node.ts';
import { closed, nullable } from './common.ts';
import { SignalWire, signalWire } from './signal.ts';

export const IncidentWire = Type.Object(
  {
    incident_id: Hash,
    tenant_id: Name,
    state: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
    /** Where it most likely began. */
    origin: Type.Object({ service: Name, signal_id: Hash, reason: Type.String() }, closed),
    services: Type.Array(Name),
    /** Oldest first. */
    signals: Type.Array(SignalWire),
    risk_id: nullable(Hash),
    recommendations: Type.Array(
      Type.Object({ playbook_id: Name, confidence: Share, justification: Type.String() }, closed),
    ),
    proposals: Type.Array(DecisionId),
    opened_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'incident/1', additionalProperties: false },
);
export type IncidentWire = Static<typeof IncidentWire>;

export function incidentWire(view: IncidentView): IncidentWire {
  const { service, signalId, reason } = view.origin;
  return {
    incident_id: view.incidentId,
    tenant_id: view.tenant,
    state: view.state,
    origin: { service, signal_id: signalId, reason },
    services: [...view.services],
    signals: view.signals.map((signal) => signalWire(signal, view.incidentId)),
    risk_id: view.riskId,
    recommendations: view.recommendations.map(({ playbookId, confidence, justification }) => ({
      playbook_id: playbookId,
      confidence,
      justification,
    })),
    proposals: [...view.proposals],
    opened_at: view.openedAt,
    updated_at: view.updatedAt,
  };
}
