/**
 * Rounds: who proposes, and how long each phase of a round waits.
 *
 * The home of a target comes first, the others follow in an order that differs from target to
 * target, so that a lost home does not send all its work to one region. Timeouts grow with the
 * round and have no cap: at some round they outlast whatever the network does. Deadline and
 * last round change only what an unlocked region prevotes (prevote.ts); rounds go on.
 *
 * Pure.
 */
import { sha256 } from '#engine';
import { assert, required } from '../assert.ts';
import { toHex, utf8 } from '../bytes.ts';
import type { BallotConfig, BallotState } from './state.ts';

/** The member that proposes in the round: every one in turn. */
export function proposerOf({ members }: BallotConfig, round: number): string {
  return required(members[round % members.length], 'a ballot has members');
}

/** The members in proposer order: home first, then the others by SHA-256(target, member). */
export function proposerOrder(
  target: string,
  home: string,
  memberIds: readonly string[],
): readonly string[] {
  assert(memberIds.includes(home), 'the home of a target is a member');
  // Names hold no NUL, so no two pairs share bytes.
  const place = (member: string) => toHex(sha256(utf8(`${target}\0${member}`)));
  const others = memberIds
    .filter((member) => member !== home)
    .map((member) => ({ member, place: place(member) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  return [home, ...others.map(({ member }) => member)];
}

/** How many ticks a phase of the round may wait. */
export function timeoutTicks(
  { limits }: BallotConfig,
  phase: 'propose' | 'prevote' | 'precommit',
  round: number,
): number {
  const first = {
    propose: limits.proposeTicks,
    prevote: limits.prevoteTicks,
    precommit: limits.precommitTicks,
  }[phase];
  return first + limits.growthTicks * round;
}

/** Whether an unlocked region gives the instance up: past the deadline or the last round. */
export function isOverdue({ config, tick, round }: BallotState): boolean {
  return tick >= config.limits.deadlineTicks || round >= config.limits.roundsMax;
}

export function isTimedOut({ tick, timeoutAt }: BallotState): boolean {
  return timeoutAt !== null && tick >= timeoutAt;
}
