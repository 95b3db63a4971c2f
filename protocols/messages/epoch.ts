/**
 * Epochs, rosters and policies: who decides, who approves, by which rules.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import {
  Digest,
  EpochNumber,
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

export const Roster = Type.Object(
  {
    type: Type.Literal('roster/1'),
    version: Version,
    approvers: Type.Array(
      Type.Object(
        {
          id: Name,
          publicKey: PublicKey,
          roles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
          /** Tenants this person may decide for. */
          tenants: Type.Array(Name, { minItems: 1, maxItems: 1000 }),
        },
        closed,
      ),
      { maxItems: 1000 },
    ),
    stopKeys: Type.Array(
      Type.Object(
        { id: Name, publicKey: PublicKey, tenants: Type.Array(Name, { minItems: 1 }) },
        closed,
      ),
      { maxItems: 1000 },
    ),
  },
  { $id: 'roster/1', additionalProperties: false },
);
export type Roster = Static<typeof Roster>;

export const Phase = Type.Union([
  Type.Literal('L3'),
  Type.Literal('L3+'),
  Type.Literal('L4'),
  Type.Literal('L4+'),
  Type.Literal('L5'),
]);
export type Phase = Static<typeof Phase>;

/** The typed limits of policies P1-P7 and the tenants they apply to. */
export const Policy = Type.Object(
  {
    type: Type.Literal('policy/1'),
    version: Version,
    tenants: Type.Array(
      Type.Object(
        {
          id: Name,
          phase: Phase,
          /** Registered targets and their home regions. */
          targets: Type.Array(Type.Object({ target: Target, home: Name }, closed), {
            maxItems: 1000,
          }),
        },
        closed,
      ),
      { maxItems: 10_000 },
    ),
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
