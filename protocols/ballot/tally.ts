/**
 * Counting the votes held.
 *
 * A quorum is q distinct members with one value in one round. The table holds one vote a
 * member for each (round, step), so counting rows is counting members. Nil is counted where a
 * rule asks for it and never makes a quorum here; absent members never count.
 *
 * Pure.
 */
import { nilValue, type ValueId } from '../ids.ts';
import type { SignedVote } from '../messages/ballot.ts';
import { quorumOf } from '../quorum.ts';
import type { BallotConfig, BallotState, HeldVote, MemberVotes } from './state.ts';

/** The steps of a round, each with the shelf its votes are kept on. */
export const shelfOf = {
  proposal: 'proposals',
  prevote: 'prevotes',
  precommit: 'precommits',
} as const;
export type RoundStep = keyof typeof shelfOf;

export interface Tally {
  readonly round: number;
  readonly value: ValueId;
  readonly votes: readonly HeldVote[];
}

export function quorumSize({ members, faultModel }: BallotConfig): number {
  return quorumOf(members.length, faultModel);
}

/** The member's vote in a slot, if held. */
export function voteIn(
  state: BallotState,
  member: string,
  slot: { readonly step: RoundStep; readonly round: number },
): HeldVote | null {
  const shelf = state.members.get(member)?.[shelfOf[slot.step]] ?? [];
  return shelf.find((vote) => vote.round === slot.round) ?? null;
}

/** Our own vote of the current round, if cast. */
export function ownVote(state: BallotState, step: RoundStep): HeldVote | null {
  return voteIn(state, state.config.self, { step, round: state.round });
}

/** All votes held for one step of the current round. */
export function votesNow(state: BallotState, step: RoundStep): readonly HeldVote[] {
  const votes: HeldVote[] = [];
  for (const held of state.members.values()) {
    for (const vote of held[shelfOf[step]]) if (vote.round === state.round) votes.push(vote);
  }
  return votes;
}

/** How many of the votes are for each value. */
export function countByValue(votes: readonly HeldVote[]): ReadonlyMap<ValueId, number> {
  const counts = new Map<ValueId, number>();
  for (const { value } of votes) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The quorums held for a value other than nil, of any round; the highest round comes first. */
export function quorumsHeld(
  state: BallotState,
  step: 'prevote' | 'precommit',
  roundMin: number,
): readonly Tally[] {
  const tallies = new Map<string, { round: number; value: ValueId; votes: HeldVote[] }>();
  for (const held of state.members.values()) {
    for (const vote of held[shelfOf[step]]) {
      const { round, value } = vote;
      if (round < roundMin || value === nilValue) continue;
      const key = `${round} ${value}`;
      const tally = tallies.get(key);
      if (tally) tally.votes.push(vote);
      else tallies.set(key, { round, value, votes: [vote] });
    }
  }
  const quorum = quorumSize(state.config);
  return [...tallies.values()]
    .filter(({ votes }) => votes.length >= quorum)
    .sort((a, b) => b.round - a.round);
}

/** The highest round the member was heard in; -1 for a member not heard yet. */
export function roundHeard({ candidate, proposals, prevotes, precommits }: MemberVotes): number {
  let round = candidate?.round ?? -1;
  for (const shelf of [proposals, prevotes, precommits]) {
    for (const vote of shelf) if (vote.round > round) round = vote.round;
  }
  return round;
}

export function isSigned(vote: HeldVote): vote is SignedVote {
  return vote.proof !== null;
}
