/**
 * Prevote quorums and what follows from them: the valid value, the lock, the precommit.
 *
 * A value is precommitted only on a quorum of prevotes for it in the current round and with its
 * body stored: lock, then precommit, in one step. Nil is precommitted when the quorum is for
 * nil, when no value can reach a quorum any more, or on the prevote timeout. A quorum seen after
 * our precommit of the round, or of an earlier round, raises only the valid value.
 *
 * Pure.
 */
import { nilValue } from '../ids.ts';
import type { PrevoteQuorum } from '../messages/ballot.ts';
import { hasBody } from './candidates.ts';
import { noEffects, quietly } from './effects.ts';
import { cast } from './own-votes.ts';
import { isTimedOut } from './rounds.ts';
import { tidied } from './shelves.ts';
import type { BallotState, BallotStep } from './state.ts';
import { countByValue, isSigned, quorumSize, quorumsHeld, votesNow } from './tally.ts';

/** The rule that takes note of the highest prevote quorum among the votes held. */
export function raiseValid(state: BallotState): BallotStep | null {
  const roundMin = state.valid ? state.valid.round + 1 : 0;
  const highest = quorumsHeld(state, 'prevote', roundMin).find(({ round }) => round <= state.round);
  if (!highest) return null;
  const { round, value, votes } = highest;
  return takeQuorum(state, { round, value, votes: votes.filter(isSigned) });
}

/** Takes the quorum as valid value if it is newer than the one held. */
export function takeQuorum(state: BallotState, quorum: PrevoteQuorum): BallotStep {
  const isNewer = state.valid === null || quorum.round > state.valid.round;
  const isTaken = isNewer && quorum.value !== nilValue && quorum.round <= state.round;
  if (!isTaken) return quietly(state);
  return { state: tidied({ ...state, valid: quorum }), effects: { ...noEffects, persist: true } };
}

/** The rule that casts our precommit of the current round. */
export function precommit(state: BallotState): BallotStep | null {
  const { phase, round, valid } = state;
  if (phase !== 'prevote') return null;
  if (valid?.round === round) {
    if (hasBody(state, valid.value)) return precommitValue(state, valid);
    return isTimedOut(state) ? precommitNil(state) : null;
  }
  return isHopeless(state) || isTimedOut(state) ? precommitNil(state) : null;
}

function precommitValue(before: BallotState, quorum: PrevoteQuorum): BallotStep {
  const { round, value } = quorum;
  const { state, effects } = cast(before, { step: 'precommit', round, value });
  const locked = { ...state, locked: { round, value }, lockQuorum: quorum };
  return { state: tidied({ ...locked, phase: 'precommit', timeoutAt: null }), effects };
}

function precommitNil(before: BallotState): BallotStep {
  const { round } = before;
  const { state, effects } = cast(before, { step: 'precommit', round, value: nilValue });
  return { state: { ...state, phase: 'precommit', timeoutAt: null }, effects };
}

/** Whether no value can reach a quorum of this round's prevotes any more. */
function isHopeless(state: BallotState): boolean {
  const prevotes = votesNow(state, 'prevote');
  const outstanding = state.config.members.length - prevotes.length;
  let most = 0;
  for (const [value, count] of countByValue(prevotes)) {
    if (value !== nilValue && count > most) most = count;
  }
  return most + outstanding < quorumSize(state.config);
}
