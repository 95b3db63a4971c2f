/**
 * What regions send each other. One turn message carries all of a region's votes of a turn.
 *
 * Everything in a message proves itself (votes and documents by signature, bodies by digest,
 * certificates by quorum), except requests, which only cost an answer.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { PrevoteQuorum, SignedVote } from './ballot.ts';
import { Certificate } from './certificate.ts';
import {
  Base64,
  DecisionId,
  Digest,
  EpochNumber,
  Hash,
  InstanceRef,
  Name,
  Target,
  Version,
} from './common.ts';
import { Envelope } from './envelope.ts';

const closed = { additionalProperties: false } as const;

/** How much one message may carry; see also `messageBytesMax` in decode(). */
export const turnVotesMax = 4096;
export const turnBodiesMax = 256;
export const openDecisionsMax = 256;
export const stopsNamedMax = 256;
export const unreadyMax = 200;

/** A body by its bytes; its digest is the value votes name. */
export const Body = Type.Object({ digest: Digest, bytes: Base64 }, closed);
export type Body = Static<typeof Body>;

export const TurnMessage = Type.Object(
  {
    type: Type.Literal('turn/1'),
    federation: Name,
    epoch: EpochNumber,
    from: Name,
    votes: Type.Array(SignedVote, { maxItems: turnVotesMax }),
    quorums: Type.Array(Type.Object({ instance: InstanceRef, quorum: PrevoteQuorum }, closed), {
      maxItems: turnBodiesMax,
    }),
    certificates: Type.Array(Certificate, { maxItems: turnBodiesMax }),
    bodies: Type.Array(Body, { maxItems: turnBodiesMax }),
    /** Approvals, dry-runs, enactments and stops, each an envelope of its own kind. */
    documents: Type.Array(Envelope, { maxItems: turnBodiesMax }),
    /** Bodies this region lacks. */
    wants: Type.Array(Digest, { maxItems: turnBodiesMax }),
  },
  { $id: 'turn/1', additionalProperties: false },
);
export type TurnMessage = Static<typeof TurnMessage>;

/** What a region has decided, so that a peer can send what it lacks (catch-up). */
export const DigestMessage = Type.Object(
  {
    type: Type.Literal('digest/1'),
    federation: Name,
    epoch: EpochNumber,
    from: Name,
    signatureRule: Type.String({ maxLength: 80 }),
    /** The highest version certified here, for targets changed since the last digest or all. */
    heads: Type.Array(Type.Object({ target: Target, version: Version }, closed), {
      maxItems: 4096,
    }),
    /** Nonces of the stops known here: peers send those that are missing. */
    stops: Type.Array(Hash, { maxItems: stopsNamedMax }),
    /** Certified here, outcome unknown: peers answer with the documents they hold. */
    open: Type.Array(DecisionId, { maxItems: openDecisionsMax }),
    /** Why the sender does not vote or act as it should; left out when all is well. */
    unready: Type.Optional(Type.String({ maxLength: unreadyMax })),
  },
  { $id: 'digest/1', additionalProperties: false },
);
export type DigestMessage = Static<typeof DigestMessage>;

/** Says that a member is there, and what must match before anybody listens to it. */
export const Hello = Type.Object(
  {
    type: Type.Literal('hello/1'),
    federation: Name,
    from: Name,
    protocolVersion: Type.Integer({ minimum: 1 }),
    signatureRule: Type.String({ maxLength: 80 }),
    /** The last word of an orderly stop. */
    isLeaving: Type.Boolean(),
  },
  { $id: 'hello/1', additionalProperties: false },
);
export type Hello = Static<typeof Hello>;

/** Asks for certificates (and bodies) above the versions named. */
export const FetchMessage = Type.Object(
  {
    type: Type.Literal('fetch/1'),
    federation: Name,
    epoch: EpochNumber,
    from: Name,
    after: Type.Array(
      Type.Object({ target: Target, version: Type.Integer({ minimum: 0 }) }, closed),
      {
        maxItems: 4096,
      },
    ),
  },
  { $id: 'fetch/1', additionalProperties: false },
);
export type FetchMessage = Static<typeof FetchMessage>;

/** After an unclean stop a region asks for its own newest signed slots before it votes. */
export const SlotsRequest = Type.Object(
  {
    type: Type.Literal('slots-request/1'),
    federation: Name,
    epoch: EpochNumber,
    from: Name,
    nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  },
  { $id: 'slots-request/1', additionalProperties: false },
);
export type SlotsRequest = Static<typeof SlotsRequest>;

/** The newest votes of the asker that the peer holds, and how far the peer has decided. */
export const SlotsReply = Type.Object(
  {
    type: Type.Literal('slots-reply/1'),
    federation: Name,
    epoch: EpochNumber,
    from: Name,
    nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    votes: Type.Array(SignedVote, { maxItems: turnVotesMax }),
    quorums: Type.Array(Type.Object({ instance: InstanceRef, quorum: PrevoteQuorum }, closed), {
      maxItems: turnBodiesMax,
    }),
    /** Certificates that hold a precommit of the asker and might be news to it. */
    certificates: Type.Array(Certificate, { maxItems: turnBodiesMax }),
  },
  { $id: 'slots-reply/1', additionalProperties: false },
);
export type SlotsReply = Static<typeof SlotsReply>;
