/**
 * What holds of every ballot, before and after every step. Checked in tests and the simulator.
 *
 *   I2  no slot of ours ever has two values
 *   I3  a prevote against our lock has a proof at least as new as the lock
 *   I4  what we decided ourselves has q precommits of one round for one value, never nil
 *   and: nothing goes back, a lock has its proof and its body, everything held is bounded
 *
 * Pure.
 */
import { assert, required } from '../assert.ts';
import { nilValue } from '../ids.ts';
import type { PrevoteQuorum } from '../messages/ballot.ts';
import { hasBody } from './candidates.ts';
import { shelfMax, valuesMax } from './shelves.ts';
import type { BallotState, HeldVote, MemberVotes } from './state.ts';
import { quorumSize, quorumsHeld } from './tally.ts';

/** Throws when a step broke what must hold. */
export function assertInvariants(before: BallotState, after: BallotState): void {
  assertNothingGoesBack(before, after);
  assertOwnSlots(before, after);
  assertLock(after);
  assertLockIsKept(before, after);
  assertDecision(after);
  assertBounds(after);
}

function assertNothingGoesBack(before: BallotState, after: BallotState): void {
  assert(before.config === after.config, 'a step keeps the configuration');
  assert(after.tick >= before.tick, 'time never goes back');
  assert(after.round >= before.round, 'a round never goes back');
  assert(roundOf(after.locked) >= roundOf(before.locked), 'a lock never goes back');
  assert(roundOf(after.valid) >= roundOf(before.valid), 'a valid value never goes back');
  const isKept = !before.decided || before.decided.value === after.decided?.value;
  assert(isKept, 'a decision is final');
}

function assertOwnSlots(before: BallotState, after: BallotState): void {
  const known = new Map(ownVotes(before).map((vote) => [slotOf(vote), vote.value]));
  for (const vote of ownVotes(after)) {
    const value = known.get(slotOf(vote));
    assert(value === undefined || value === vote.value, 'a slot of ours has one value (I2)');
    assert(vote.round <= after.round, 'we cast no vote of a later round');
  }
}

function assertLock(after: BallotState): void {
  const { locked, lockQuorum, valid, round } = after;
  const newest = newestOf(ownShelves(after).precommits.filter(({ value }) => value !== nilValue));
  assert(roundOf(newest) === roundOf(locked), 'our newest precommit of a value is our lock');
  if (!locked) return;
  assert(newest?.value === locked.value, 'a lock is on the value precommitted');
  assert(locked.round <= round && locked.value !== nilValue, 'a lock is on a value, not ahead');
  assert(valid !== null && valid.round >= locked.round, 'a valid value is as new as the lock');
  assert(hasBody(after, locked.value), 'the body of a locked value is stored');
  assertProof(after, required(lockQuorum, 'a lock has its proof'));
  const isProven = lockQuorum?.round === locked.round && lockQuorum.value === locked.value;
  assert(isProven, 'the proof of a lock is about the lock');
}

/** The votes of a quorum; our own may lack its signature within the turn. */
function assertProof({ config }: BallotState, { round, value, votes }: PrevoteQuorum): void {
  const members = new Set(votes.map(({ member }) => member));
  assert(members.size === votes.length, 'a member counts once');
  assert(members.size >= quorumSize(config) - 1, 'a proof is a quorum');
  for (const vote of votes) {
    const isOfProof = vote.step === 'prevote' && vote.round === round && vote.value === value;
    assert(isOfProof && config.members.includes(vote.member), 'a proof is of one round and value');
  }
}

function assertLockIsKept(before: BallotState, after: BallotState): void {
  const { locked } = before;
  const cast = newestOf(ownShelves(after).prevotes);
  if (!locked || !cast || cast.value === locked.value || cast.round <= locked.round) return;
  if (cast.round === newestOf(ownShelves(before).prevotes)?.round) return;
  const isProof = (quorum: PrevoteQuorum | null) =>
    quorum?.value === cast.value && quorum.round >= locked.round && quorum.round < cast.round;
  // A step may take in a proof, vote by it and lock anew: then the new lock is the proof's value.
  const isProven = isProof(before.valid) || isProof(after.valid);
  assert(isProven || after.locked?.value === cast.value, 'a lock is left only for a proof (I3)');
}

function assertDecision(after: BallotState): void {
  const { decided, certificate, phase } = after;
  assert((decided !== null) === (phase === 'decided'), 'a decided ballot is in no other phase');
  if (!decided) return;
  assert(decided.value !== nilValue, 'nil is never certified (I4)');
  if (certificate) return;
  const isCounted = quorumsHeld(after, 'precommit', decided.round).some(
    ({ round, value }) => round === decided.round && value === decided.value,
  );
  assert(isCounted, 'a decision has a quorum of precommits of one round (I4)');
  assert(hasBody(after, decided.value), 'the body of what we decided is stored');
}

function assertBounds(after: BallotState): void {
  for (const { proposals, prevotes, precommits } of after.members.values()) {
    for (const shelf of [proposals, prevotes, precommits]) {
      assert(shelf.length <= shelfMax, 'a shelf is bounded');
      const rounds = new Set(shelf.map(({ round }) => round));
      assert(rounds.size === shelf.length, 'a slot is held once');
    }
  }
  const { bodies, judgements, judging, wanted, failed, config } = after;
  for (const { size } of [bodies, judgements, judging, wanted, failed]) {
    assert(size <= valuesMax(config), 'the values known are bounded');
  }
}

function ownShelves({ config, members }: BallotState): MemberVotes {
  return required(members.get(config.self), 'we are a member');
}

function ownVotes(state: BallotState): readonly HeldVote[] {
  const { candidate, proposals, prevotes, precommits } = ownShelves(state);
  return [...(candidate ? [candidate] : []), ...proposals, ...prevotes, ...precommits];
}

function slotOf({ step, round }: HeldVote): string {
  return `${step} ${round}`;
}

function roundOf(at: { readonly round: number } | null): number {
  return at?.round ?? -1;
}

function newestOf(shelf: readonly HeldVote[]): HeldVote | null {
  return shelf.toSorted((a, b) => b.round - a.round)[0] ?? null;
}
