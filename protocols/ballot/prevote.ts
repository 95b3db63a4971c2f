/**
 * Prevoting: the first rule that applies (architecture 4.1).
 *
 *   1. locked             the lock, unless a quorum prevoted another value in one round vr with
 *                         lockedRound <= vr < round: then that value
 *   2. unlocked           the value of the highest prevote quorum held
 *   3. overdue            ABORT
 *   4. accepted proposal  that value
 *   5. otherwise          nil
 *
 * Rules 1 to 3 need no proposal and apply at once on entering a round. Rule 4 waits for the
 * proposal and for our own judgement of it, at most until the propose timeout; a rejection is
 * nil at once. Where a proof decides against our judgement, the judgement goes along as dissent.
 *
 * Rule 1 upholds invariant I3: a lock is left only for a proof at least as new as the lock.
 *
 * Pure.
 */
import { assert } from '../assert.ts';
import { abortValue, nilValue, type ValueId } from '../ids.ts';
import type { Judgement } from '../messages/ballot.ts';
import { cast } from './own-votes.ts';
import { isOverdue, isTimedOut, proposerOf } from './rounds.ts';
import type { BallotState, BallotStep } from './state.ts';
import { voteIn } from './tally.ts';

interface Choice {
  readonly value: ValueId;
  readonly judgement: Judgement | undefined;
}

/** The rule that casts our prevote of the current round. */
export function prevote(state: BallotState): BallotStep | null {
  if (state.phase !== 'propose') return null;
  const choice = byProof(state) ?? byProposal(state);
  if (choice === null) return null;
  const { value, judgement } = choice;
  assert(mayLeaveLock(state, value), 'a lock is left only with a proof as new as the lock');
  const vote = {
    step: 'prevote',
    round: state.round,
    value,
    ...(judgement && { judgement }),
  } as const;
  const { state: after, effects } = cast(state, vote);
  return { state: { ...after, phase: 'prevote', timeoutAt: null }, effects };
}

/** Rules 1 to 3; null where none applies. */
function byProof(state: BallotState): Choice | null {
  const { locked, valid, judgements } = state;
  const judged = (value: ValueId) => ({ value, judgement: judgements.get(value) });
  if (locked) return judged(proofAgainstLock(state) ?? locked.value);
  if (valid) return judged(valid.value);
  return isOverdue(state) ? judged(abortValue) : null;
}

/** Rules 4 and 5; null while there is still something to wait for. */
function byProposal(state: BallotState): Choice | null {
  const { config, round, judgements } = state;
  const proposer = proposerOf(config, round);
  const proposal = voteIn(state, proposer, { step: 'proposal', round });
  const judgement = proposal ? judgements.get(proposal.value) : undefined;
  if (proposal && judgement?.verdict === 'accept') return { value: proposal.value, judgement };
  if (judgement) return { value: nilValue, judgement };
  return isTimedOut(state) ? { value: nilValue, judgement: undefined } : null;
}

/** The value that a quorum prevoted since our lock, in a round before this one, if any. */
function proofAgainstLock({ locked, valid, round }: BallotState): ValueId | null {
  if (!locked || !valid || valid.value === locked.value) return null;
  return valid.round >= locked.round && valid.round < round ? valid.value : null;
}

function mayLeaveLock(state: BallotState, value: ValueId): boolean {
  return !state.locked || value === state.locked.value || value === proofAgainstLock(state);
}
