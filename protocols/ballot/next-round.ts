/**
 * From round to round: when a round's timers start, when it is left, when rounds are skipped.
 *
 *   q precommits of any kind       start the precommit timeout, and it leaves the round
 *   q precommits for nil           leave it at once
 *   more than n-q rejections       leave it at once; the proposal has failed
 *   messages of a later round      from one member (crash) or f+1 (byzantine): skip to it
 *
 * For the timers a member that was heard in a later round counts as heard in this one. Members
 * repeat only their newest votes, so without this a region that went on alone, with the help of
 * a faulty one, would leave the others one vote short of every timeout for ever.
 *
 * Pure.
 */
import { nilValue } from '../ids.ts';
import { roundSkipOf } from '../quorum.ts';
import { quietly } from './effects.ts';
import { proposerOf, timeoutTicks } from './rounds.ts';
import { tidied } from './shelves.ts';
import type { BallotState, BallotStep, HeldVote } from './state.ts';
import { quorumSize, roundHeard, voteIn, votesNow } from './tally.ts';

/** The state at the start of a round, with nothing said in it yet. */
export function enterRound(state: BallotState, round: number): BallotState {
  const { config, tick } = state;
  return tidied({
    ...state,
    round,
    phase: 'propose',
    timeoutAt: tick + timeoutTicks(config, 'propose', round),
    roundEndsAt: null,
    repeatEvery: config.limits.repeatTicksMin,
    repeatAt: tick + config.limits.repeatTicksMin,
  });
}

/** The rule that skips to the highest round that enough members have reached. */
export function skipRounds(state: BallotState): BallotStep | null {
  const { self, members, faultModel } = state.config;
  const heard = [...state.members]
    .filter(([member]) => member !== self)
    .map(([, votes]) => roundHeard(votes))
    .sort((a, b) => b - a);
  const reached = heard[roundSkipOf(members.length, faultModel) - 1] ?? -1;
  return reached > state.round ? quietly(enterRound(state, reached)) : null;
}

/** The rule that leaves a round in which nothing can be certified any more, or in time. */
export function leaveRound(state: BallotState): BallotStep | null {
  const { round, tick, roundEndsAt, config } = state;
  if (isRejected(state)) return quietly(enterRound(withFailedProposal(state), round + 1));
  const nils = votesNow(state, 'precommit').filter(isNil);
  const isOver = roundEndsAt !== null && tick >= roundEndsAt;
  const isLeft = isOver || nils.length >= quorumSize(config);
  return isLeft ? quietly(enterRound(state, round + 1)) : null;
}

/** The rule that starts the prevote and precommit timeouts once enough members were heard. */
export function startTimers(state: BallotState): BallotStep | null {
  const { config, phase, tick, round } = state;
  if (phase === 'prevote' && state.timeoutAt === null && hasAttendance(state, 'prevote')) {
    const timeoutAt = tick + timeoutTicks(config, 'prevote', round);
    return quietly({ ...state, timeoutAt });
  }
  if (state.roundEndsAt === null && hasAttendance(state, 'precommit')) {
    const roundEndsAt = tick + timeoutTicks(config, 'precommit', round);
    return quietly({ ...state, roundEndsAt });
  }
  return null;
}

/** Whether a quorum of members has come to the step of this round, or is past it. */
function hasAttendance(state: BallotState, step: 'prevote' | 'precommit'): boolean {
  let present = 0;
  for (const votes of state.members.values()) {
    const isHere = ({ round }: HeldVote) => round === state.round;
    const isPast = roundHeard(votes) > state.round || votes.precommits.some(isHere);
    if (isPast || (step === 'prevote' && votes.prevotes.some(isHere))) present += 1;
  }
  return present >= quorumSize(state.config);
}

/** More regions reject than a quorum can do without, and we have no vote to give any more. */
function isRejected(state: BallotState): boolean {
  const { config, phase, round, valid } = state;
  // A bundle may hold a quorum although the votes counted one by one say otherwise.
  if (phase === 'prevote' || valid?.round === round) return false;
  const rejections = votesNow(state, 'prevote').filter(
    (vote) => isNil(vote) && vote.judgement?.verdict === 'reject',
  );
  return rejections.length > config.members.length - quorumSize(config);
}

function withFailedProposal(state: BallotState): BallotState {
  const { config, round } = state;
  const proposal = voteIn(state, proposerOf(config, round), { step: 'proposal', round });
  if (!proposal) return state;
  return { ...state, failed: new Set(state.failed).add(proposal.value) };
}

function isNil({ value }: HeldVote): boolean {
  return value === nilValue;
}
