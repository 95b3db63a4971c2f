/**
 * Evidence of equivocation: two signed votes of one member for one slot (invariant I6).
 *
 * A slot is (instance, round, step). Evidence names only the member that signed both votes and
 * is given once; whoever relayed them is not to blame. Candidates of different rounds are
 * different slots: a region may change its mind between rounds. The first vote stays counted.
 *
 * Pure.
 */
import { assert } from '../assert.ts';
import type { SignedVote } from '../messages/ballot.ts';
import { noEffects, quietly } from './effects.ts';
import type { BallotState, BallotStep, HeldVote } from './state.ts';
import { isSigned } from './tally.ts';

/** Reports that a member voted twice in a slot, unless it was reported before. */
export function accuse(state: BallotState, first: HeldVote, second: SignedVote): BallotStep {
  const { member } = second;
  assert(first.member === member && first.round === second.round, 'evidence is about one slot');
  assert(first.step === second.step && first.value !== second.value, 'equivocation is two values');
  assert(isSigned(first) && member !== state.config.self, 'evidence is signed, and not by us');
  if (state.accused.has(member)) return quietly(state);
  return {
    state: { ...state, accused: new Set(state.accused).add(member) },
    effects: { ...noEffects, evidence: [{ member, first, second }] },
  };
}
