/**
 * Deciding: q precommits of one round for one value, never nil (invariants I1 and I4).
 *
 * Any round that is held counts, also one that was left. A value is decided here only with its
 * body stored, because certificate and body are made durable together; until the body comes, the
 * ballot goes on. A certificate from outside closes the ballot just as well.
 *
 * Pure.
 */
import { assert, required } from '../assert.ts';
import type { SignedVote } from '../messages/ballot.ts';
import type { Certificate } from '../messages/certificate.ts';
import { hasBody } from './candidates.ts';
import { noEffects } from './effects.ts';
import type { BallotState, BallotStep } from './state.ts';
import { isSigned, quorumSize, quorumsHeld } from './tally.ts';

/** The rule that closes the ballot on a quorum of precommits. */
export function decide(state: BallotState): BallotStep | null {
  const found = quorumsHeld(state, 'precommit', 0).find(({ value }) => hasBody(state, value));
  if (!found) return null;
  const decided = { round: found.round, value: found.value };
  return { state: closed(state, decided), effects: { ...noEffects, certify: decided } };
}

/** A verified certificate closes the ballot, unless our own count already did. */
export function onCertificate(state: BallotState, certificate: Certificate): BallotState {
  const { round, value } = certificate;
  if (!state.decided) return { ...closed(state, { round, value }), certificate };
  assert(state.decided.value === value, 'two values are never certified for one instance');
  return state;
}

/** The q signed precommits of the decided round and value: what a certificate is made of. */
export function precommitsOf(state: BallotState): readonly SignedVote[] {
  const { round, value } = required(state.decided, 'precommits are asked of a decided ballot');
  const signed = quorumsHeld(state, 'precommit', round)
    .filter((tally) => tally.round === round && tally.value === value)
    .flatMap((tally) => tally.votes.filter(isSigned));
  const quorum = quorumSize(state.config);
  assert(signed.length >= quorum, 'what we decided ourselves is signed by a quorum');
  return signed.slice(0, quorum);
}

function closed(state: BallotState, decided: BallotState['decided']): BallotState {
  return { ...state, decided, phase: 'decided', timeoutAt: null, roundEndsAt: null };
}
