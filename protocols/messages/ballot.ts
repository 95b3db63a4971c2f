/**
 * What regions say about an instance: candidates, proposals, judged prevotes, precommits.
 *
 * A vote is 41 bytes (protocols/ballot/vote.ts). A region signs the Merkle root of all votes of
 * a turn once; each vote travels with its inclusion path. `SignedVote` is one vote with all it
 * takes to check it alone, so it can be relayed and stored by anyone.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import {
  Digest,
  EpochNumber,
  Hash,
  InstanceRef,
  Name,
  Round,
  Share,
  ShortText,
  Signature,
  Value,
} from './common.ts';

const closed = { additionalProperties: false } as const;

/** At most 2^16 leaves a turn: the longest path. */
export const pathMax = 16;

export const Judgement = Type.Object(
  {
    verdict: Type.Union([Type.Literal('accept'), Type.Literal('reject')]),
    confidence: Share,
    risk: Share,
    /** Monthly cost change in the tenant's currency units; negative saves. */
    costEstimate: Type.Number(),
    reversibility: Share,
    reasons: Type.Array(ShortText, { maxItems: 8 }),
    /** What this region would rather do: the digest of its own candidate. */
    counter: Type.Optional(Digest),
  },
  closed,
);
export type Judgement = Static<typeof Judgement>;

export const VoteStep = Type.Union([
  Type.Literal('candidate'),
  Type.Literal('proposal'),
  Type.Literal('prevote'),
  Type.Literal('precommit'),
]);
export type VoteStep = Static<typeof VoteStep>;

/** One signature over a turn's vote tree, and the place of one vote in it. */
export const VoteProof = Type.Object(
  {
    leafCount: Type.Integer({ minimum: 1, maximum: 2 ** pathMax }),
    index: Type.Integer({ minimum: 0, maximum: 2 ** pathMax - 1 }),
    path: Type.Array(Hash, { maxItems: pathMax }),
    signature: Signature,
  },
  closed,
);
export type VoteProof = Static<typeof VoteProof>;

export const SignedVote = Type.Object(
  {
    member: Name,
    epoch: EpochNumber,
    instance: InstanceRef,
    step: VoteStep,
    /** For a candidate: the round in which it was put forward; a later one replaces it. */
    round: Round,
    value: Value,
    /** With every prevote. Its digest is part of the signed leaf. */
    judgement: Type.Optional(Judgement),
    proof: VoteProof,
  },
  closed,
);
export type SignedVote = Static<typeof SignedVote>;

/** A quorum of prevotes for one value in one round: what moves a lock, and what is repeated. */
export const PrevoteQuorum = Type.Object(
  { round: Round, value: Value, votes: Type.Array(SignedVote, { minItems: 1, maxItems: 64 }) },
  closed,
);
export type PrevoteQuorum = Static<typeof PrevoteQuorum>;
