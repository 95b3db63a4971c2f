/**
 * A manifest: exactly what would be done, by whom, until when, and what policy still asks for.
 *
 * The action is an absolute end (six replicas, not two more), so doing it twice is doing it
 * once. `gate` is the proposer's evaluation of the policy; a region rejects a gate weaker than
 * its own. The manifest's bytes are content: its digest is the value a ballot decides.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import {
  Digest,
  EpochNumber,
  Hash,
  Impact,
  Name,
  Share,
  ShortText,
  Target,
  Text,
  Timestamp,
  Version,
} from './common.ts';

const closed = { additionalProperties: false } as const;

export const Action = Type.Union([
  Type.Object(
    { kind: Type.Literal('scale'), replicas: Type.Integer({ minimum: 0, maximum: 10_000 }) },
    closed,
  ),
  /** Generation counts restarts of the target, so that a repeated restart is one restart. */
  Type.Object({ kind: Type.Literal('restart'), generation: Type.Integer({ minimum: 1 }) }, closed),
  Type.Object({ kind: Type.Literal('rollback'), release: Type.Integer({ minimum: 1 }) }, closed),
  Type.Object(
    { kind: Type.Literal('rotate-keys'), keyVersion: Type.Integer({ minimum: 1 }) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('failover'), toRegion: Name }, closed),
  Type.Object(
    {
      kind: Type.Literal('rightsize'),
      cpuMillis: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
      memoryMib: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
    },
    closed,
  ),
  /** Lifts a stop: raises the target's stop generation. */
  Type.Object({ kind: Type.Literal('resume'), generation: Type.Integer({ minimum: 1 }) }, closed),
]);
export type Action = Static<typeof Action>;
export type ActionKind = Action['kind'];

export const Role = Type.Union([
  Type.Literal('viewer'),
  Type.Literal('operator'),
  Type.Literal('approver'),
  Type.Literal('org-admin'),
  Type.Literal('federation-admin'),
]);
export type Role = Static<typeof Role>;

/** What policy asks for before an enactment; an empty list of approvals means none is needed. */
export const Gate = Type.Object(
  {
    approvals: Type.Array(
      Type.Object({ role: Role, count: Type.Integer({ minimum: 1, maximum: 9 }) }, closed),
      { maxItems: 8 },
    ),
    secondApprover: Type.Boolean(),
    mfa: Type.Boolean(),
    /** Which rules asked, for people: `P3: high impact`. */
    reasons: Type.Array(ShortText, { maxItems: 16 }),
  },
  closed,
);
export type Gate = Static<typeof Gate>;

export const PlaybookRef = Type.Object({ id: Name, version: Version, digest: Digest }, closed);
export type PlaybookRef = Static<typeof PlaybookRef>;

export const Manifest = Type.Object(
  {
    type: Type.Literal('manifest/1'),
    federation: Name,
    epoch: EpochNumber,
    tenant: Name,
    /** Sorted by target; one today, several when one action spans targets of one tenant. */
    targets: Type.Array(Type.Object({ target: Target, version: Version }, closed), {
      minItems: 1,
      maxItems: 16,
    }),
    playbook: PlaybookRef,
    action: Action,
    /** The one region or edge that may enact this. */
    executor: Name,
    impact: Impact,
    reversible: Type.Boolean(),
    /** No forward driver call starts after this instant. */
    notAfter: Timestamp,
    /** The rules it was composed under: what a receipt shows of them is held to these. */
    policyHash: Digest,
    rosterHash: Digest,
    gate: Gate,
    /** The digest of the target's state that the proposer saw when it composed this. */
    preState: Digest,
    proposer: Name,
    /** The person who asked for it, where it was one: never an approver of it. */
    submittedBy: Type.Optional(Name),
    rationale: Text,
    confidence: Share,
    riskId: Type.Optional(Hash),
    signalIds: Type.Array(Hash, { maxItems: 32 }),
    /** A fresh number, so that the same action put forward again is another manifest. */
    nonce: Hash,
  },
  { $id: 'manifest/1', additionalProperties: false },
);
export type Manifest = Static<typeof Manifest>;
