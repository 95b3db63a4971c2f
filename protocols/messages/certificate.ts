/**
 * A certificate: precommits of a quorum of one epoch, in one round, for one value.
 *
 * It is checked with protocols/ballot/certificate.ts, in a region, an edge or a browser.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { VoteProof } from './ballot.ts';
import { DecidedValue, EpochNumber, InstanceRef, Name, Round } from './common.ts';

export const Certificate = Type.Object(
  {
    type: Type.Literal('certificate/1'),
    federation: Name,
    epoch: EpochNumber,
    instance: InstanceRef,
    round: Round,
    value: DecidedValue,
    /** Sorted by member. */
    signatures: Type.Array(
      Type.Object({ member: Name, proof: VoteProof }, { additionalProperties: false }),
      { minItems: 1, maxItems: 64 },
    ),
  },
  { $id: 'certificate/1', additionalProperties: false },
);
export type Certificate = Static<typeof Certificate>;
