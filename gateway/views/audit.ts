/** An entry of the audit log. */
import Type, { type Static } from 'typebox';
import { type AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import {
  DecisionId,
  Digest,
  Hash,
  Name,
  Target,
  Timestamp,
  Version,
} from '#protocols/messages/common.ts';
import { closed, nullable } from './common.ts';

const fields = {
  seq: Type.Integer(),
  region: Name,
  at: Timestamp,
  step: AuditStep,
  actor: Type.String(),
  tenant_id: Name,
  target: nullable(Target),
  version: nullable(Version),
  proposal_id: nullable(DecisionId),
  why: Type.String(),
  facts: Type.Record(Type.String(), Type.Unknown()),
  digests: Type.Record(Type.String(), Digest),
};

export const AuditWire = Type.Object(fields, { $id: 'audit-view/1', additionalProperties: false });

/** An entry with the proof that the log of that size and root holds it (RFC 6962, 2.1.1). */
export const ProvedAuditWire = Type.Object(
  {
    ...fields,
    inclusion: Type.Object(
      {
        size: Type.Integer(),
        root: Hash,
        path: Type.Array(Hash),
      },
      closed,
    ),
  },
  { $id: 'proved-audit-view/1', additionalProperties: false },
);

export function auditWire(entry: AuditEntry): Static<typeof AuditWire> {
  return {
    seq: entry.seq,
    region: entry.region,
    at: entry.at,
    step: entry.step,
    actor: entry.actor,
    tenant_id: entry.tenant,
    target: entry.target ?? null,
    version: entry.version ?? null,
    proposal_id: entry.decisionId ?? null,
    why: entry.reason,
    facts: entry.facts,
    digests: entry.digests,
  };
}
