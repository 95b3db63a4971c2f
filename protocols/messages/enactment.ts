/**
 * Dry-runs, stops and enactments: what executors do and report.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import {
  DecisionId,
  Digest,
  Hash,
  InstanceRef,
  Name,
  ShortText,
  Target,
  Text,
  Timestamp,
} from './common.ts';

const closed = { additionalProperties: false } as const;

/** The executor's dry-run of a certified manifest, with the pre-state that approvals bind to. */
export const DryRun = Type.Object(
  {
    type: Type.Literal('dry-run/1'),
    federation: Name,
    instance: InstanceRef,
    decisionId: DecisionId,
    executor: Name,
    verdict: Type.Union([Type.Literal('pass'), Type.Literal('fail')]),
    diff: Type.Array(Type.Object({ field: ShortText, from: ShortText, to: ShortText }, closed), {
      maxItems: 32,
    }),
    /** Share of the tenant's services that the action touches. */
    blastRadius: Type.Number({ minimum: 0, maximum: 1 }),
    costDelta: Type.Number(),
    preState: Digest,
    reasons: Type.Array(ShortText, { maxItems: 8 }),
    at: Timestamp,
  },
  { $id: 'dry-run/1', additionalProperties: false },
);
export type DryRun = Static<typeof DryRun>;

export const EnactmentOutcome = Type.Union([
  Type.Literal('enacted'),
  Type.Literal('rolled-back'),
  Type.Literal('void'),
  Type.Literal('denied'),
  Type.Literal('expired'),
  Type.Literal('superseded'),
  Type.Literal('aborted'),
  Type.Literal('failed'),
]);
export type EnactmentOutcome = Static<typeof EnactmentOutcome>;

/** How a certified decision ended at its executor. */
export const Enactment = Type.Object(
  {
    type: Type.Literal('enactment/1'),
    federation: Name,
    instance: InstanceRef,
    decisionId: DecisionId,
    executor: Name,
    outcome: EnactmentOutcome,
    reason: Text,
    preState: Type.Optional(Digest),
    postState: Type.Optional(Digest),
    startedAt: Type.Optional(Timestamp),
    endedAt: Timestamp,
  },
  { $id: 'enactment/1', additionalProperties: false },
);
export type Enactment = Static<typeof Enactment>;

/** A stop: one signature of a stop key, never a quorum, an approval or an autonomy level. */
export const Stop = Type.Object(
  {
    type: Type.Literal('stop/1'),
    federation: Name,
    tenant: Name,
    action: Type.Union([
      Type.Literal('pause'),
      Type.Literal('abort'),
      Type.Literal('emergency-stop'),
    ]),
    /** One target, or the whole tenant. */
    target: Type.Optional(Target),
    /** Refused only below the known generation; `resume` raises it. */
    generation: Type.Integer({ minimum: 0 }),
    reason: ShortText,
    by: Name,
    at: Timestamp,
    nonce: Hash,
  },
  { $id: 'stop/1', additionalProperties: false },
);
export type Stop = Static<typeof Stop>;
