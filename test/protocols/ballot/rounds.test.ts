/** Locks, proofs, ABORT, and the ways from one round to the next. */
import { expect, test } from 'vitest';
import type { BallotState } from '#protocols/ballot/state.ts';
import { abortValue, nilValue } from '#protocols/ids.ts';
import {
  accept,
  body,
  bundle,
  heard,
  judged,
  known,
  opened,
  putForward,
  quorumOfVotes,
  reject,
  said,
  ticks,
  turn,
  vote,
  X,
  Y,
} from '#test/support/ballot.ts';

const abc = ['a', 'b', 'c'];
const abcd = ['a', 'b', 'c', 'd'];
const byzantine = { faultModel: 'byzantine' } as const;
const goTo = (round: number) => heard(vote('c', 'precommit', round, nilValue));

/** Region b, locked on X in round `round`. */
function lockedOnX(round = 0): BallotState {
  const quorum = heard(vote('a', 'prevote', round, X), vote('c', 'prevote', round, X));
  return turn(opened('b', abc), ...known(X), ...known(Y), ...quorum).state;
}

test('a locked region prevotes its lock at once, whatever is proposed', () => {
  const after = turn(lockedOnX(), ...goTo(2), ...heard(vote('c', 'proposal', 2, Y)));
  expect(said(after)).toEqual(['prevote 2 X']);
});

test('a quorum of prevotes since the lock moves it; the judgement goes along as dissent', () => {
  const quorum = heard(vote('a', 'prevote', 0, X), vote('c', 'prevote', 0, X));
  const dissenting = [body(Y), judged(Y, reject)];
  const locked = turn(opened('b', abc), ...known(X), ...dissenting, ...quorum).state;
  const after = turn(locked, bundle(quorumOfVotes(1, Y, ['a', 'c'])), ...goTo(2));
  expect(said(after)).toEqual(['proposal 1 X', 'prevote 1 X', 'precommit 1 Y', 'prevote 2 Y']);
  expect(after.effects.votes[3]?.judgement).toEqual(reject);
  expect(after.state.locked).toEqual({ round: 1, value: Y });
});

test('a proof older than the lock moves nothing', () => {
  const locked = lockedOnX(2);
  const after = turn(locked, bundle(quorumOfVotes(1, Y, ['a', 'c'])), ...goTo(3));
  expect(said(after)).toEqual(['prevote 3 X']);
  expect(after.state.valid?.value).toBe(X);
});

test('prevotes of a round decide our prevote only in later rounds, not in that round', () => {
  const after = turn(lockedOnX(), bundle(quorumOfVotes(3, Y, ['a', 'c'])));
  expect(said(after)).toEqual(['prevote 3 X', 'precommit 3 Y']);
});

test('an unlocked region prevotes the highest quorum it holds, also against its judgement', () => {
  const start = turn(opened('b', abc), body(Y), judged(Y, reject), ...goTo(2)).state;
  const after = turn(start, bundle(quorumOfVotes(0, Y, ['a', 'c'])));
  expect(said(after)).toEqual(['prevote 2 Y']);
  expect(after.effects.votes[0]?.judgement).toEqual(reject);
});

test('a value is precommitted only with its body stored', () => {
  const prevotes = heard(vote('a', 'prevote', 0, X), vote('c', 'prevote', 0, X));
  const waiting = turn(opened('b', abc), ...prevotes);
  expect(said(waiting)).toEqual(['prevote 0 X']);
  expect(said(turn(waiting.state, body(X)))).toEqual(['precommit 0 X']);
  expect(said(turn(waiting.state, ...ticks(3)))).toEqual(['precommit 0 nil']);
});

test('a quorum seen after our nil precommit raises the valid value but locks nothing', () => {
  const rejected = turn(opened('b', abcd), ...heard(vote('a', 'proposal', 0, X)), body(X));
  const others = heard(vote('c', 'prevote', 0, nilValue), vote('a', 'prevote', 0, X));
  const nil = turn(rejected.state, judged(X, reject), ...others);
  expect(said(nil)).toEqual(['prevote 0 nil', 'precommit 0 nil']);
  const after = turn(nil.state, bundle(quorumOfVotes(0, X, ['a', 'c', 'd'])));
  expect(after.state).toMatchObject({ locked: null, valid: { round: 0, value: X } });
});

test('past the deadline an unlocked region prevotes ABORT, and ABORT needs no body', () => {
  const more = { limits: { deadlineTicks: 2 } };
  const after = turn(opened('b', abc, more), ...ticks(2));
  expect(said(after)).toEqual(['prevote 0 abort']);
  const abort = turn(after.state, ...heard(vote('c', 'prevote', 0, abortValue)));
  expect(said(abort)).toEqual(['precommit 0 abort']);
  const decided = turn(abort.state, ...heard(vote('c', 'precommit', 0, abortValue)));
  expect(decided.effects.certify).toEqual({ round: 0, value: abortValue });
});

test('from the last round on an unlocked region prevotes ABORT and proposes nothing', () => {
  const more = { limits: { roundsMax: 1 } };
  const after = turn(opened('b', abc, more), putForward(X), ...goTo(1));
  expect(said(after)).toEqual(['candidate 0 X', 'prevote 1 abort']);
});

test('a locked region never turns to ABORT by itself', () => {
  expect(said(turn(lockedOnX(), ...ticks(300), ...goTo(40)))).toContain('prevote 40 X');
});

test('the proposer of a later round proposes its valid value, with the proof', () => {
  const after = turn(lockedOnX(), ...goTo(1));
  expect(said(after)).toEqual(['proposal 1 X', 'prevote 1 X']);
  expect(after.effects.quorums).toMatchObject([{ round: 0, value: X }]);
  expect(after.effects.bodies).toEqual([X]);
});

test('more rejections than a quorum can spare end the round at once and fail the proposal', () => {
  const home = turn(opened('a', abc), putForward(X));
  const one = turn(home.state, ...heard(vote('b', 'prevote', 0, nilValue, reject)));
  expect(one.state.round).toBe(0);
  const two = turn(one.state, ...heard(vote('c', 'prevote', 0, nilValue, reject)));
  expect(two.state.round).toBe(1);
  expect([...two.state.failed]).toEqual([X]);
  const again = turn(two.state, ...heard(vote('b', 'precommit', 3, nilValue)), ...ticks(20));
  expect(said(again)).toContain('prevote 3 nil');
  expect(said(again).join()).not.toContain('proposal');
});

test('nil prevotes without a rejection fail no proposal', () => {
  const home = turn(opened('a', abc), putForward(X));
  const nils = heard(vote('b', 'prevote', 0, nilValue), vote('c', 'prevote', 0, nilValue));
  const after = turn(home.state, ...nils);
  expect(said(after)).toEqual(['precommit 0 nil']);
  expect(after.state.failed.size).toBe(0);
});

test('a quorum of nil precommits ends the round at once', () => {
  const nils = heard(vote('b', 'precommit', 0, nilValue), vote('c', 'precommit', 0, nilValue));
  expect(turn(opened('a', abc), ...nils).state.round).toBe(1);
});

test('precommits of any kind end the round after the precommit timeout', () => {
  const mixed = heard(vote('c', 'precommit', 0, X), vote('d', 'precommit', 0, nilValue));
  const { state } = turn(
    opened('b', abcd),
    ...mixed,
    ...heard(vote('a', 'precommit', 0, nilValue)),
  );
  expect(turn(state, ...ticks(2)).state.round).toBe(0);
  expect(turn(state, ...ticks(3)).state.round).toBe(1);
});

test('timeouts grow with the round and go on after the deadline', () => {
  const waitsIn = (round: number) => {
    const { state } = turn(opened('b', abc), ...goTo(round));
    return (state.timeoutAt ?? 0) - state.tick;
  };
  expect([2, 5, 9].map(waitsIn)).toEqual([6, 9, 13]);
  expect(turn(lockedOnX(), ...ticks(500), ...goTo(8)).state.round).toBe(8);
});

test('one member of a later round is enough to skip to it where members only crash', () => {
  expect(turn(opened('a', abc), ...heard(vote('b', 'prevote', 7, nilValue))).state.round).toBe(7);
});

test('a byzantine federation skips only with more members than may lie', () => {
  const one = turn(opened('a', abcd, byzantine), ...heard(vote('b', 'prevote', 7, nilValue)));
  expect(one.state.round).toBe(0);
  const two = turn(one.state, ...heard(vote('c', 'precommit', 5, nilValue)));
  expect(two.state.round).toBe(5);
});

// Goal: the timers need no vote that its author repeats no more. Method: c has left for round 1
// and d is silent, so of round 0 b can count only itself and c's presence elsewhere, and a.
test('a member that is already in a later round counts as present for the timers', () => {
  const start = opened('b', abcd, byzantine);
  const gone = heard(vote('c', 'prevote', 1, nilValue), vote('a', 'prevote', 0, X));
  const prevoted = turn(start, ...gone, ...ticks(4));
  expect(said(prevoted)).toEqual(['prevote 0 nil']);
  const precommitted = turn(prevoted.state, ...ticks(3));
  expect(said(precommitted)).toEqual(['precommit 0 nil']);
  const left = turn(precommitted.state, ...heard(vote('a', 'precommit', 0, nilValue)), ...ticks(3));
  expect(left.state.round).toBe(1);
});

test('an accepted proposal of a later proposer is not judged again', () => {
  const first = turn(opened('b', abcd), ...known(X), ...heard(vote('a', 'proposal', 0, X)));
  const later = heard(vote('c', 'proposal', 2, X), vote('c', 'prevote', 2, X));
  const second = turn(first.state, ...later);
  expect(said(second)).toEqual(['prevote 2 X']);
  expect(second.effects.judge).toEqual([]);
});

test('a proposal counts only from the proposer of its round', () => {
  const foreign = heard(vote('c', 'proposal', 0, X));
  expect(said(turn(opened('b', abc), ...known(X), ...foreign))).toEqual([]);
  const after = turn(opened('b', abc), ...known(X), ...heard(vote('a', 'proposal', 0, X)));
  expect(after.effects.votes[0]?.judgement).toEqual(accept);
});
