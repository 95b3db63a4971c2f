/** The risk of a tenant as one region sees it. */
import Type, { type Static } from 'typebox';
import { Name, Severity, Share, Timestamp } from '#protocols/messages/common.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import { closed, nullable } from './common.ts';

const scores = {
  security: Share,
  cost: Share,
  performance: Share,
  overall: Share,
  severity: Severity,
};

export const RiskWire = Type.Object(
  {
    risk_id: Type.String(),
    tenant_id: Name,
    ...scores,
    services: Type.Array(Type.Object({ service: Name, ...scores }, closed)),
    contributions: Type.Array(
      Type.Object(
        {
          factor: Type.String(),
          service: Name,
          weight: Share,
          signal_id: nullable(Type.String()),
        },
        closed,
      ),
    ),
    ts: Timestamp,
  },
  { $id: 'risk-view/1', additionalProperties: false },
);

export function riskWire(risk: Risk): Static<typeof RiskWire> {
  return {
    risk_id: risk.riskId,
    tenant_id: risk.tenant,
    security: risk.security,
    cost: risk.cost,
    performance: risk.performance,
    overall: risk.overall,
    severity: risk.severity,
    services: risk.services,
    contributions: risk.contributions.map(({ factor, service, weight, signalId }) => ({
      factor,
      service,
      weight,
      signal_id: signalId ?? null,
    })),
    ts: risk.at,
  };
}
