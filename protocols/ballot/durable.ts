/**
 * What a ballot leaves on disk, and how it comes back from there (architecture 4.4).
 *
 * Our own votes with their round, the lock, the valid value and the prevotes that justify them,
 * and our own judgements: enough never to vote in a slot twice and never to leave a lock without
 * proof. Other members' votes are not kept, they are repeated. A restored ballot resumes the
 * round and phase of its newest votes, says them again, and casts nothing until it is stepped:
 * the host may first have to ask its peers whether the store is as new as it should be.
 *
 * Pure.
 */
import { assert } from '../assert.ts';
import type { ValueId } from '../ids.ts';
import type { PrevoteQuorum, SignedVote } from '../messages/ballot.ts';
import { inquire } from './candidates.ts';
import { joinEffects } from './effects.ts';
import { newBallot } from './open.ts';
import { repetition, signedQuorum } from './repeat.ts';
import type {
  BallotConfig,
  BallotPhase,
  BallotState,
  BallotStep,
  DurableBallot,
  HeldVote,
  MemberVotes,
} from './state.ts';
import { isSigned, ownVote } from './tally.ts';

/** The durable part of the state, once the turn's votes are signed. */
export function durableBallot(state: BallotState): DurableBallot {
  const { config, tick, round, locked, lockQuorum, valid, judgements } = state;
  return {
    instance: config.instance,
    epoch: config.epoch,
    tick,
    round,
    own: ownVotes(state),
    locked,
    lockQuorum: complete(state, lockQuorum),
    valid: complete(state, valid),
    judgements: [...judgements],
  };
}

/** The ballot as it was durable; `stored` names the values whose bodies are on disk. */
export function restoreBallot(
  config: BallotConfig,
  durable: DurableBallot,
  stored: readonly ValueId[],
): BallotStep {
  const { instance, epoch, tick, round, own, locked, lockQuorum, valid, judgements } = durable;
  assert(instance.target === config.instance.target, 'a ballot is restored for its own target');
  assert(instance.version === config.instance.version, 'a ballot is restored for its own version');
  assert(epoch === config.epoch, 'a ballot is restored in its own epoch');
  const fresh = newBallot(config, { tick, round });
  const held: BallotState = {
    ...fresh,
    locked,
    lockQuorum,
    valid,
    bodies: new Set(stored),
    judgements: new Map(judgements),
    members: new Map(fresh.members).set(config.self, shelvesOf(own)),
  };
  const phase = phaseOf(held);
  const resumed = { ...held, phase, timeoutAt: phase === 'propose' ? held.timeoutAt : null };
  const { state, effects } = inquire(resumed);
  return { state, effects: joinEffects(repetition(resumed), effects) };
}

/** As far as our own votes of the round show that we came. */
function phaseOf(state: BallotState): BallotPhase {
  if (ownVote(state, 'precommit')) return 'precommit';
  return ownVote(state, 'prevote') ? 'prevote' : 'propose';
}

function ownVotes({ config, members }: BallotState): readonly SignedVote[] {
  const own = members.get(config.self);
  if (!own) return [];
  const { candidate, proposals, prevotes, precommits } = own;
  const held: readonly HeldVote[] = [
    ...(candidate ? [candidate] : []),
    ...proposals,
    ...prevotes,
    ...precommits,
  ];
  const signed = held.filter(isSigned);
  assert(signed.length === held.length, 'a turn is signed before it is written');
  return signed;
}

function shelvesOf(own: readonly SignedVote[]): MemberVotes {
  const of = (step: SignedVote['step']) => own.filter((vote) => vote.step === step);
  return {
    candidate: of('candidate')[0] ?? null,
    proposals: of('proposal'),
    prevotes: of('prevote'),
    precommits: of('precommit'),
  };
}

function complete(state: BallotState, quorum: PrevoteQuorum | null): PrevoteQuorum | null {
  if (quorum === null) return null;
  assert(signedQuorum(state, quorum) !== null, 'a lock is written with all its prevotes');
  return quorum;
}
