/**
 * What the gateway sends, as types: the views' own schemas, so that nothing is described twice.
 */
import type { Static } from 'typebox';
import type { AuditWire as AuditSchema } from '#gateway/views/audit.ts';
import type { PendingWire as PendingSchema } from '#gateway/views/pending.ts';
import type { GateWire as GateSchema } from '#gateway/views/proposal.ts';
import type { RiskWire as RiskSchema } from '#gateway/views/risk.ts';
import type { SignalWire as SignalSchema } from '#gateway/views/signal.ts';

export type { FederationWire } from '#gateway/views/federation.ts';
export type { IncidentWire } from '#gateway/views/incident.ts';
export type { ProposalWire } from '#gateway/views/proposal.ts';
export type { SessionWire } from '#gateway/views/session.ts';
export type { StopWire } from '#gateway/views/stop.ts';
export type AuditWire = Static<typeof AuditSchema>;
export type PendingWire = Static<typeof PendingSchema>;
export type GateWire = Static<typeof GateSchema>;
export type RiskWire = Static<typeof RiskSchema>;
export type SignalWire = Static<typeof SignalSchema>;

export interface PageWire<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
