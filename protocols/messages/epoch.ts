/**
 * Epochs, rosters and policies: who decides, who approves, by which rules.
 *
 * What names a tenant in a roster or a policy stands in a row of its own, so that a view can show
 * one tenant's rows and of the others no more than digests (protocols/redaction.ts).
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import {
  Digest,
  EpochNumber,
  Hash,
  Name,
  PublicKey,
  Share,
  ShortText,
  Target,
  Timestamp,
  Version,
} from './common.ts';
import { Role } from './manifest.ts';
import { ActionKind } from './playbook.ts';

const closed = { additionalProperties: false } as const;

export const FaultModel = Type.Union([Type.Literal('crash'), Type.Literal('byzantine')]);
export type FaultModel = Static<typeof FaultModel>;

/** ML-DSA-44 public keys are 1312 bytes (FIPS 204). */
const MlDsa44PublicKey = Type.String({ pattern: '^[0-9a-f]{2624}$', maxLength: 2624 });

export const Member = Type.Object(
  {
    id: Name,
    /** Signs votes and documents. */
    publicKey: PublicKey,
    /** The audit log's own keys. */
    logKey: PublicKey,
    logKeyMlDsa44: MlDsa44PublicKey,
  },
  closed,
);
export type Member = Static<typeof Member>;

export const Epoch = Type.Object(
  {
    type: Type.Literal('epoch/1'),
    federation: Name,
    epoch: EpochNumber,
    /** The digest of the preceding epoch's payload; null for the first. */
    previous: Type.Union([Digest, Type.Null()]),
    faultModel: FaultModel,
    signatureRule: ShortText,
    /** Sorted by id. */
    members: Type.Array(Member, { minItems: 1, maxItems: 64 }),
    roster: Digest,
    policy: Digest,
    notAfter: Timestamp,
    /** How long the preceding epoch's certificates stay acceptable; 0 after a removal for cause. */
    previousAcceptedSeconds: Type.Integer({ minimum: 0, maximum: 31_536_000 }),
  },
  { $id: 'epoch/1', additionalProperties: false },
);
export type Epoch = Static<typeof Epoch>;

/** Rows of one list of a roster or a policy. */
const rows = { maxItems: 10_000 } as const;

/** One person's roles for one tenant; a person of two tenants has two rows with the same key. */
export const ApproverRow = Type.Object(
  {
    tenant: Name,
    id: Name,
    publicKey: PublicKey,
    roles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
    salt: Hash,
  },
  closed,
);
export type ApproverRow = Static<typeof ApproverRow>;

/** One key that may stop one tenant. */
export const StopKeyRow = Type.Object(
  { tenant: Name, id: Name, publicKey: PublicKey, salt: Hash },
  closed,
);
export type StopKeyRow = Static<typeof StopKeyRow>;

export const Roster = Type.Object(
  {
    type: Type.Literal('roster/1'),
    version: Version,
    approvers: Type.Array(ApproverRow, rows),
    stopKeys: Type.Array(StopKeyRow, rows),
  },
  { $id: 'roster/1', additionalProperties: false },
);
export type Roster = Static<typeof Roster>;

/** A roster of which some rows are shown and the others are digests. */
export const RosterView = Type.Object(
  {
    ...Roster.properties,
    approvers: Type.Array(Type.Union([ApproverRow, Digest]), rows),
    stopKeys: Type.Array(Type.Union([StopKeyRow, Digest]), rows),
  },
  closed,
);
export type RosterView = Static<typeof RosterView>;

export const Phase = Type.Union([
  Type.Literal('L3'),
  Type.Literal('L3+'),
  Type.Literal('L4'),
  Type.Literal('L4+'),
  Type.Literal('L5'),
]);
export type Phase = Static<typeof Phase>;

export const TenantRow = Type.Object(
  {
    id: Name,
    phase: Phase,
    /** Registered targets and their home regions. */
    targets: Type.Array(Type.Object({ target: Target, home: Name }, closed), { maxItems: 1000 }),
    salt: Hash,
  },
  closed,
);
export type TenantRow = Static<typeof TenantRow>;

/** The typed limits of policies P1-P7 and the tenants they apply to. */
export const Policy = Type.Object(
  {
    type: Type.Literal('policy/1'),
    version: Version,
    tenants: Type.Array(TenantRow, rows),
    playbooks: Type.Array(
      Type.Object({ id: Name, version: Version, digest: Digest, signedBy: Name }, closed),
      { maxItems: 1000 },
    ),
    limits: Type.Object(
      {
        /** Above this multiple of the present replicas a scale is high risk (P3). */
        scaleHighRiskFactor: Type.Number({ exclusiveMinimum: 1 }),
        cooldownSeconds: Type.Integer({ minimum: 0 }),
        enactmentsPerHour: Type.Integer({ minimum: 1 }),
        concurrentEnactments: Type.Integer({ minimum: 1 }),
        approvalTtlSeconds: Type.Integer({ minimum: 1 }),
        retentionDays: Type.Integer({ minimum: 1 }),
        /** A judgement below this confidence is a rejection. */
        confidenceMin: Share,
      },
      closed,
    ),
    actionsAllowed: Type.Array(ActionKind, { maxItems: 16 }),
  },
  { $id: 'policy/1', additionalProperties: false },
);
export type Policy = Static<typeof Policy>;

/** A policy of which some tenants are shown and the others are digests. */
export const PolicyView = Type.Object(
  { ...Policy.properties, tenants: Type.Array(Type.Union([TenantRow, Digest]), rows) },
  closed,
);
export type PolicyView = Static<typeof PolicyView>;

export const EdgeMember = Type.Object(
  {
    type: Type.Literal('edge/1'),
    id: Name,
    publicKey: PublicKey,
    tenants: Type.Array(Name, { minItems: 1 }),
  },
  { $id: 'edge/1', additionalProperties: false },
);
export type EdgeMember = Static<typeof EdgeMember>;
