/**
 * A receipt: one decision with everything it takes to check it offline, from one region's log.
 *
 *   signals -> risk -> manifest and candidates -> certificate -> dry-run -> gate and approvals
 *   -> enactment -> the log's entries with inclusion proofs -> its signed checkpoint
 *
 * Its bytes are canonical JSON. Every field is covered by a hash or a signature; the rules are
 * in protocols/receipt.ts. It belongs to one tenant and names no other.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { AuditEntry } from './audit.ts';
import { SignedVote } from './ballot.ts';
import { Certificate } from './certificate.ts';
import { Base64, DecisionId, Hash, InstanceRef, Name } from './common.ts';
import { DryRun, Enactment } from './enactment.ts';
import { Envelope } from './envelope.ts';
import { PolicyView, RosterView } from './epoch.ts';
import { Gate } from './manifest.ts';
import { Risk } from './risk.ts';
import { Signal } from './signal.ts';

const closed = { additionalProperties: false } as const;

/** A path in a tree of at most 2^53 leaves. */
const inclusionMax = 53;

export const ProvenEntry = Type.Object(
  { entry: AuditEntry, path: Type.Array(Hash, { maxItems: inclusionMax }) },
  closed,
);
export type ProvenEntry = Static<typeof ProvenEntry>;

export const Receipt = Type.Object(
  {
    type: Type.Literal('receipt/1'),
    federation: Name,
    /** Whose log this is. */
    region: Name,
    decisionId: DecisionId,
    instance: InstanceRef,
    /** The epochs after the trust root's, in order; usually none. */
    epochs: Type.Array(Envelope, { maxItems: 1024 }),
    /** What the tenant may see of the rules that the manifest names; null for ABORT. */
    roster: Type.Union([RosterView, Type.Null()]),
    policy: Type.Union([PolicyView, Type.Null()]),
    signals: Type.Array(Signal, { maxItems: 256 }),
    risk: Type.Union([Risk, Type.Null()]),
    /** The certified manifest's bytes; null for a decision to ABORT. */
    manifest: Type.Union([Base64, Type.Null()]),
    candidates: Type.Array(Type.Object({ vote: SignedVote, manifest: Base64 }, closed), {
      maxItems: 64,
    }),
    certificate: Certificate,
    dryRun: Type.Union([DryRun, Type.Null()]),
    /** What was still missing when the dry-run had passed. */
    gate: Type.Union([Type.Object({ missing: Gate }, closed), Type.Null()]),
    approvals: Type.Array(Envelope, { maxItems: 32 }),
    enactment: Type.Union([Enactment, Type.Null()]),
    entries: Type.Array(ProvenEntry, { minItems: 1, maxItems: 4096 }),
    checkpoint: Type.String({ maxLength: 8192 }),
  },
  { $id: 'receipt/1', ...closed },
);
export type Receipt = Static<typeof Receipt>;
