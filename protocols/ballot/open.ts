/**
 * The state of a ballot in which nothing was heard yet.
 *
 * Pure.
 */
import { assert } from '../assert.ts';
import { enterRound } from './next-round.ts';
import { emptyTable } from './shelves.ts';
import type { BallotConfig, BallotState } from './state.ts';

/** A ballot at the start of a round: of round 0 when it opens, of a later one on a restart. */
export function newBallot(
  config: BallotConfig,
  { tick, round }: { readonly tick: number; readonly round: number },
): BallotState {
  assert(config.members.includes(config.self), 'only a member takes part in a ballot');
  const isDistinct = new Set(config.members).size === config.members.length;
  assert(isDistinct, 'every member is listed once');
  const nothing: BallotState = {
    config,
    tick,
    round,
    phase: 'propose',
    timeoutAt: null,
    roundEndsAt: null,
    repeatAt: 0,
    repeatEvery: 0,
    locked: null,
    lockQuorum: null,
    valid: null,
    nextCandidate: null,
    members: emptyTable(config),
    judgements: new Map(),
    judging: new Set(),
    wanted: new Set(),
    bodies: new Set(),
    failed: new Set(),
    accused: new Set(),
    decided: null,
    certificate: null,
  };
  return enterRound(nothing, round);
}
