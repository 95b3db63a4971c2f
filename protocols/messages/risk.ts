/**
 * A risk vector: how worried one region is about a tenant and each of its services.
 *
 * Every score is explained by its top contributions; a contribution that stems from a signal
 * names it.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Hash, Name, Severity, Share, ShortText, Timestamp } from './common.ts';

const scores = {
  security: Share,
  cost: Share,
  performance: Share,
  overall: Share,
  severity: Severity,
};

export const ServiceRisk = Type.Object(
  { service: Name, ...scores },
  { additionalProperties: false },
);
export type ServiceRisk = Static<typeof ServiceRisk>;

export const Contribution = Type.Object(
  { factor: ShortText, service: Name, weight: Share, signalId: Type.Optional(Hash) },
  { additionalProperties: false },
);
export type Contribution = Static<typeof Contribution>;

export const Risk = Type.Object(
  {
    type: Type.Literal('risk/1'),
    riskId: Hash,
    tenant: Name,
    region: Name,
    at: Timestamp,
    ...scores,
    services: Type.Array(ServiceRisk, { maxItems: 1000 }),
    contributions: Type.Array(Contribution, { maxItems: 20 }),
  },
  { $id: 'risk/1', additionalProperties: false },
);
export type Risk = Static<typeof Risk>;
