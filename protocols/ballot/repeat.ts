/**
 * Re-gossip: what a region says again while an instance is open.
 *
 * Messages get lost, so a region repeats the newest of what it said, the newest prevote quorum
 * it holds and the bodies others need to follow; with backoff, and from the start again in each
 * new round. Receivers treat repeats as no-ops. Bodies it lacks are asked for again, too.
 *
 * Votes of the turn in the making are left out: they are sent with it anyway.
 *
 * Pure.
 */
import { required } from '../assert.ts';
import type { PrevoteQuorum, SignedVote } from '../messages/ballot.ts';
import { noEffects, quietly } from './effects.ts';
import { proposerOf } from './rounds.ts';
import type { BallotEffects, BallotState, BallotStep, HeldVote } from './state.ts';
import { isSigned, quorumSize } from './tally.ts';

/** Repeats when it is time to, and doubles the wait until the next time. */
export function repeatInTime(state: BallotState): BallotStep {
  const { tick, repeatAt, repeatEvery, config } = state;
  if (tick < repeatAt) return quietly(state);
  const next = Math.min(repeatEvery * 2, config.limits.repeatTicksMax);
  return {
    state: { ...state, repeatEvery: next, repeatAt: tick + next },
    effects: repetition(state),
  };
}

/** What there is to repeat, now. */
export function repetition(state: BallotState): BallotEffects {
  const { self } = state.config;
  const { locked, valid } = state;
  const own = required(state.members.get(self), 'we are a member');
  const quorum = valid && signedQuorum(state, valid);
  const values = [own.candidate?.value, locked?.value, valid?.value];
  const bodies = values.filter((value) => value !== undefined && state.bodies.has(value));
  return {
    ...noEffects,
    repeat: ownNewest(state),
    quorums: quorum ? [quorum] : [],
    bodies: [...new Set(bodies as string[])],
    want: [...state.wanted],
  };
}

/** The quorum once every vote it needs is signed; null within the turn that completes it. */
export function signedQuorum(state: BallotState, quorum: PrevoteQuorum): PrevoteQuorum | null {
  return quorum.votes.length >= quorumSize(state.config) ? quorum : null;
}

/** Our candidate, this round's proposal if it is ours, our newest prevote and precommit. */
function ownNewest({ config, members, round }: BallotState): readonly SignedVote[] {
  const own = required(members.get(config.self), 'we are a member');
  const proposals = proposerOf(config, round) === config.self ? own.proposals : [];
  const newest = [
    own.candidate,
    proposals.find((vote) => vote.round === round) ?? null,
    newestOf(own.prevotes),
    newestOf(own.precommits),
  ];
  return newest.filter((vote) => vote !== null).filter(isSigned);
}

function newestOf(shelf: readonly HeldVote[]): HeldVote | null {
  return shelf.reduce<HeldVote | null>(
    (newest, vote) => (newest && newest.round > vote.round ? newest : vote),
    null,
  );
}
