/**
 * One step of a ballot: an input is taken in, then the rules run until none applies.
 *
 *   input -> what is held (votes, bodies, judgements, time)
 *         -> decide | skip | candidate | propose | prevote | valid | precommit | leave | timers
 *         -> what to ask for
 *
 * The rules are tried in this order, and from the start again after each that fired. Two orders
 * matter. A proposer proposes before it prevotes, so both leave in one turn. And a region
 * prevotes by what it knew on entering a round before the prevotes of that round can raise its
 * valid value, because rule 1 of prevote.ts asks for a proof of an earlier round.
 *
 * Total over what peers can send: an old, repeated or unexpected input is a no-op. It throws only
 * when an assertion about our own state fails. Pure.
 */
import { assert } from '../assert.ts';
import type { PrevoteQuorum, SignedVote } from '../messages/ballot.ts';
import { castCandidate, inquire, onPutForward, withBody, withJudgement } from './candidates.ts';
import { decide, onCertificate } from './decide.ts';
import { joinEffects, quietly } from './effects.ts';
import { leaveRound, skipRounds, startTimers } from './next-round.ts';
import { newBallot } from './open.ts';
import { withProofs } from './own-votes.ts';
import { precommit, raiseValid, takeQuorum } from './precommit.ts';
import { prevote } from './prevote.ts';
import { propose } from './propose.ts';
import { repeatInTime } from './repeat.ts';
import { forgetful, holdVote } from './shelves.ts';
import type { BallotConfig, BallotInput, BallotState, BallotStep } from './state.ts';
import { quorumSize } from './tally.ts';

/** A rule: what it makes of the state, or null where it does not apply. */
type Rule = (state: BallotState) => BallotStep | null;

const rules: readonly Rule[] = [
  decide,
  skipRounds,
  castCandidate,
  propose,
  prevote,
  raiseValid,
  precommit,
  leaveRound,
  startTimers,
];

/** Rules fire at most this often in one step: a few in each round that the table can hold. */
const firingsMax = 4096;

/** Opens the ballot of an instance, in round 0. */
export function openBallot(config: BallotConfig): BallotStep {
  return settle(quietly(newBallot(config, { tick: 0, round: 0 })));
}

/** Takes one input. */
export function step(state: BallotState, input: BallotInput): BallotStep {
  if (state.decided && input.type !== 'signed' && input.type !== 'certificate') {
    return quietly(state);
  }
  switch (input.type) {
    case 'signed':
      return quietly(withProofs(state, input.votes));
    case 'certificate':
      return quietly(onCertificate(state, input.certificate));
    case 'body':
      return settle(quietly(withBody(state, input.value)), state);
    case 'judged':
      return settle(quietly(withJudgement(state, input)), state);
    case 'put-forward':
      return settle(onPutForward(state, input), state);
    case 'vote':
      return settle(holdVote(state, input.vote), state);
    case 'quorum':
      return onQuorum(state, input.quorum);
    case 'tick':
      return onTick(state);
  }
}

function onTick(state: BallotState): BallotStep {
  const settled = settle(quietly({ ...state, tick: state.tick + 1 }));
  return settled.state.decided ? settled : then(settled, repeatInTime);
}

/**
 * A bundle counts as a whole even where one of its votes conflicts with one held: its members
 * are enough to justify it. Its votes are held first, since they may move us to its round.
 */
function onQuorum(state: BallotState, quorum: PrevoteQuorum): BallotStep {
  const bundle = wellFormed(state, quorum);
  if (!bundle) return quietly(state);
  const held = bundle.votes.reduce<BallotStep>(
    (before, vote) => then(before, (now) => holdVote(now, vote)),
    quietly(state),
  );
  const moved = settle(held, state);
  if (moved.state.decided) return moved;
  return settle(
    then(moved, (now) => takeQuorum(now, bundle)),
    moved.state,
  );
}

/** The bundle with one vote a member; null unless that is q members, one round and one value. */
function wellFormed({ config }: BallotState, quorum: PrevoteQuorum): PrevoteQuorum | null {
  const { round, value } = quorum;
  const votes = new Map<string, SignedVote>();
  for (const vote of quorum.votes) {
    const isOfBundle = vote.step === 'prevote' && vote.round === round && vote.value === value;
    if (!isOfBundle || !config.members.includes(vote.member)) return null;
    votes.set(vote.member, vote);
  }
  return votes.size < quorumSize(config) ? null : { round, value, votes: [...votes.values()] };
}

/** Runs the rules until none applies; does nothing where the input changed nothing. */
function settle(first: BallotStep, before?: BallotState): BallotStep {
  if (first.state === before) return first;
  let now = first;
  for (let firings = 0; !now.state.decided; firings += 1) {
    assert(firings < firingsMax, 'the rules come to rest');
    const fired = fire(now.state);
    if (!fired) break;
    now = { state: fired.state, effects: joinEffects(now.effects, fired.effects) };
  }
  return now.state.decided ? now : then(now, (state) => inquire(forgetful(state)));
}

function fire(state: BallotState): BallotStep | null {
  for (const rule of rules) {
    const fired = rule(state);
    if (fired) return fired;
  }
  return null;
}

function then(first: BallotStep, next: (state: BallotState) => BallotStep): BallotStep {
  const { state, effects } = next(first.state);
  return { state, effects: joinEffects(first.effects, effects) };
}
