/**
 * Our own votes: cast once, signed once (invariant I2).
 *
 * A vote counts here in the step that casts it, so that a prevote and the precommit it completes
 * leave in one turn. The host signs the turn and hands the proofs back before it writes or
 * builds anything: until then a quorum we completed ourselves lacks our own signed vote.
 *
 * Pure.
 */
import { assert, required } from '../assert.ts';
import type { PrevoteQuorum, SignedVote } from '../messages/ballot.ts';
import { noEffects } from './effects.ts';
import { holdOwnVote } from './shelves.ts';
import type { BallotState, BallotStep, HeldVote, MemberVotes, UnsignedVote } from './state.ts';
import { isSigned, quorumSize } from './tally.ts';

/** Casts a vote: counted now; to be persisted, signed and sent by the host. */
export function cast(state: BallotState, vote: Omit<UnsignedVote, 'instance'>): BallotStep {
  const { self, epoch, instance } = state.config;
  assert(state.phase !== 'decided', 'a decided ballot casts no votes');
  const held: HeldVote = { ...vote, member: self, epoch, instance, proof: null };
  return {
    state: holdOwnVote(state, held),
    effects: { ...noEffects, persist: true, votes: [{ ...vote, instance }] },
  };
}

/** Our votes with the proofs that the host made for them. */
export function withProofs(state: BallotState, signed: readonly SignedVote[]): BallotState {
  const { self } = state.config;
  const own = required(state.members.get(self), 'we are a member');
  const proven = (vote: HeldVote): HeldVote =>
    isSigned(vote) ? vote : (signed.find((proof) => isSameVote(proof, vote)) ?? vote);
  const after: MemberVotes = {
    candidate: own.candidate && proven(own.candidate),
    proposals: own.proposals.map(proven),
    prevotes: own.prevotes.map(proven),
    precommits: own.precommits.map(proven),
  };
  return {
    ...state,
    members: new Map(state.members).set(self, after),
    valid: completed(state, state.valid, signed),
    lockQuorum: completed(state, state.lockQuorum, signed),
  };
}

/** The quorum with our own prevote in it, where that was the one it lacked. */
function completed(
  state: BallotState,
  quorum: PrevoteQuorum | null,
  signed: readonly SignedVote[],
): PrevoteQuorum | null {
  if (!quorum || quorum.votes.length >= quorumSize(state.config)) return quorum;
  const { round, value, votes } = quorum;
  const ours = signed.find((vote) => isSameVote(vote, { step: 'prevote', round, value }));
  return ours ? { round, value, votes: [...votes, ours] } : quorum;
}

function isSameVote(
  vote: SignedVote,
  { step, round, value }: Pick<HeldVote, 'step' | 'round' | 'value'>,
): boolean {
  return vote.step === step && vote.round === round && vote.value === value;
}
