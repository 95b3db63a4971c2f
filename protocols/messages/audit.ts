/**
 * An audit entry: one step of one decision, as one leaf of the region's Merkle log.
 *
 * The leaf is the entry's canonical bytes, so every field is hashed. `digests` name the full
 * documents of the step; `facts` are the few values a person wants to read. Neither holds
 * secrets or personal data: people are named by their roster id.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { DecisionId, Digest, Name, ShortText, Target, Text, Timestamp, Version } from './common.ts';

export const AuditStep = Type.Union([
  Type.Literal('region.started'),
  Type.Literal('region.stopped'),
  Type.Literal('signal'),
  Type.Literal('risk'),
  Type.Literal('candidate'),
  Type.Literal('counter'),
  Type.Literal('proposal'),
  Type.Literal('judgement'),
  Type.Literal('certificate'),
  Type.Literal('journal'),
  Type.Literal('dry-run'),
  Type.Literal('gate'),
  Type.Literal('approval'),
  Type.Literal('released'),
  Type.Literal('intent'),
  Type.Literal('pre-state'),
  Type.Literal('applied'),
  Type.Literal('post-state'),
  Type.Literal('restored'),
  Type.Literal('outcome'),
  Type.Literal('stop'),
  Type.Literal('evidence'),
  Type.Literal('policy-alert'),
]);
export type AuditStep = Static<typeof AuditStep>;

const Fact = Type.Union([
  Type.String({ maxLength: 500 }),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
]);

export const AuditEntry = Type.Object(
  {
    type: Type.Literal('audit/1'),
    /** The leaf index in the region's log, from 0. */
    seq: Type.Integer({ minimum: 0 }),
    region: Name,
    at: Timestamp,
    step: AuditStep,
    /** Who did it: an agent of the region, or a person by roster id. */
    actor: Type.String({ pattern: '^(?:agent|region|person|key):[a-z0-9-]{1,63}$', maxLength: 80 }),
    tenant: Name,
    target: Type.Optional(Target),
    version: Type.Optional(Version),
    decisionId: Type.Optional(DecisionId),
    reason: Text,
    facts: Type.Record(ShortText, Fact),
    digests: Type.Record(ShortText, Digest),
  },
  { $id: 'audit/1', additionalProperties: false },
);
export type AuditEntry = Static<typeof AuditEntry>;
/** What a step hands in; the log adds type, seq, region and time. */
export type AuditDraft = Omit<AuditEntry, 'type' | 'seq' | 'region' | 'at'>;
