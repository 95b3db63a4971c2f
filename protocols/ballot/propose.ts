/**
 * Proposing: what the proposer of a round puts to the vote.
 *
 *   1. its valid value, whoever proposed that first: some region may be locked on it
 *   2. nothing when the instance is given up: ABORT needs no proposal
 *   3. the first candidate it holds, accepts and has not seen fail
 *
 * A proposer whose only candidates still wait for a body or for its own judgement proposes as
 * soon as it can, until its propose timeout. It sends its prevote with the proposal.
 *
 * Pure.
 */
import { abortValue, type ValueId } from '../ids.ts';
import { candidateToPropose } from './candidates.ts';
import { joinEffects, noEffects } from './effects.ts';
import { cast } from './own-votes.ts';
import { signedQuorum } from './repeat.ts';
import { isOverdue, isTimedOut, proposerOf } from './rounds.ts';
import type { BallotState, BallotStep } from './state.ts';
import { ownVote } from './tally.ts';

/** The rule that casts our proposal of the current round. */
export function propose(state: BallotState): BallotStep | null {
  const { config, phase, round, valid } = state;
  if (phase !== 'propose' || proposerOf(config, round) !== config.self) return null;
  if (ownVote(state, 'proposal')) return null;
  const value = valueToPropose(state);
  if (value === null) return null;
  const step = cast(state, { step: 'proposal', round, value });
  // What others lack to follow: the body, and the proof that moves locks to a valid value.
  const quorum = valid && signedQuorum(state, valid);
  const support = {
    ...noEffects,
    quorums: quorum ? [quorum] : [],
    bodies: value !== abortValue && state.bodies.has(value) ? [value] : [],
  };
  return { state: step.state, effects: joinEffects(step.effects, support) };
}

function valueToPropose(state: BallotState): ValueId | null {
  if (state.valid) return state.valid.value;
  if (isOverdue(state) || isTimedOut(state)) return null;
  return candidateToPropose(state);
}
