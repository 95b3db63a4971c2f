/** The main road: candidates, proposals, certificates, repeats. */
import { expect, test } from 'vitest';
import { precommitsOf } from '#protocols/ballot/decide.ts';
import { proposerOf, proposerOrder } from '#protocols/ballot/rounds.ts';
import type { BallotState, BallotStep } from '#protocols/ballot/state.ts';
import { step } from '#protocols/ballot/step.ts';
import { abortValue, nilValue } from '#protocols/ids.ts';
import {
  accept,
  body,
  certificateOf,
  configOf,
  heard,
  judged,
  known,
  opened,
  putForward,
  quorumOfVotes,
  reject,
  said,
  signedBy,
  ticks,
  turn,
  vote,
  X,
  Y,
} from '#test/support/ballot.ts';

const abc = ['a', 'b', 'c'];
const abcd = ['a', 'b', 'c', 'd'];

/** What another region hears of a turn. */
const heardFrom = ({ state, effects }: BallotStep) =>
  heard(...effects.votes.map((cast) => signedBy(state.config.self, cast)));

/** Region b, locked on X since round 0 and now in round 1. */
function lockedOnX(): BallotState {
  const votes = [vote('a', 'proposal', 0, X), vote('a', 'prevote', 0, X, accept)];
  const later = vote('c', 'precommit', 1, nilValue);
  return turn(opened('b', abc), ...known(X), ...heard(...votes), ...heard(later)).state;
}

test('three regions decide in two hops: one turn of the home, one of another region', () => {
  const home = turn(opened('a', abc), putForward(X));
  expect(said(home)).toEqual(['candidate 0 X', 'proposal 0 X', 'prevote 0 X']);
  expect(home.effects.bodies).toEqual([X]);

  const other = turn(opened('b', abc), ...known(X), ...heardFrom(home));
  expect(said(other)).toEqual(['prevote 0 X', 'precommit 0 X']);
  expect(other.state.locked).toEqual({ round: 0, value: X });

  const decided = turn(home.state, ...heardFrom(other));
  expect(said(decided)).toEqual(['precommit 0 X']);
  expect(decided.effects.certify).toEqual({ round: 0, value: X });
  expect(precommitsOf(decided.state).map(({ member }) => member)).toEqual(['a', 'b']);
});

test('a prevote waits for the body and for our own judgement, each asked for once', () => {
  const home = heard(vote('a', 'candidate', 0, X), vote('a', 'proposal', 0, X));
  const first = turn(opened('b', abc), ...home, ...home);
  expect(first.effects.want).toEqual([X]);
  expect(said(first)).toEqual([]);
  const second = turn(first.state, body(X), body(X));
  expect(second.effects.judge).toEqual([X]);
  expect(said(second)).toEqual([]);
  const third = turn(second.state, judged(X, accept));
  expect(said(third)).toEqual(['prevote 0 X']);
  expect(third.effects.votes[0]?.judgement).toEqual(accept);
});

test('a body that comes before the vote that names it is not asked for', () => {
  const { effects } = turn(opened('b', abc), body(X), ...heard(vote('a', 'proposal', 0, X)));
  expect(effects.want).toEqual([]);
  expect(effects.judge).toEqual([X]);
});

test('a rejected proposal is a nil prevote at once, and carries the counter', () => {
  const counter = { ...reject, counter: Y };
  const proposal = heard(vote('a', 'proposal', 0, X));
  const after = turn(opened('b', abc), body(X), ...proposal, judged(X, counter), putForward(Y));
  expect(said(after)).toEqual(['prevote 0 nil', 'candidate 0 Y']);
  expect(after.effects.votes[0]?.judgement?.counter).toBe(Y);
});

test('a judgement is made once: a second one changes nothing', () => {
  const { state } = turn(opened('b', abc), ...known(X), judged(X, reject));
  expect(state.judgements.get(X)?.verdict).toBe('accept');
});

test('a proposer proposes a candidate of another region as soon as it accepts it', () => {
  const heardOf = turn(opened('a', abc), ...heard(vote('c', 'candidate', 0, Y)), ...ticks(2));
  expect(said(heardOf)).toEqual([]);
  const after = turn(heardOf.state, ...known(Y));
  expect(said(after)).toEqual(['proposal 0 Y', 'prevote 0 Y']);
  const tooLate = turn(heardOf.state, ...ticks(2), ...known(Y));
  expect(said(tooLate)).toEqual(['prevote 0 nil']);
});

test('a proposer prefers its own candidate, then the first in proposer order', () => {
  const rivals = heard(vote('c', 'candidate', 0, Y), vote('a', 'candidate', 0, X));
  const next = vote('c', 'precommit', 1, nilValue);
  const both = turn(opened('b', abc), ...known(X), ...known(Y), ...rivals, ...heard(next));
  expect(said(both)).toEqual(['proposal 1 X', 'prevote 1 X']);
  const own = turn(opened('b', abc), ...known(X), ...rivals, putForward(Y), ...heard(next));
  expect(said(own)).toEqual(['candidate 0 Y', 'proposal 1 Y', 'prevote 1 Y']);
});

test('a second candidate waits for the next round, and replaces the first there', () => {
  const before = turn(opened('b', abc), putForward(X), putForward(Y));
  expect(said(before)).toEqual(['candidate 0 X']);
  const after = turn(before.state, ...heard(vote('c', 'precommit', 1, nilValue)));
  expect(said(after)).toContain('candidate 1 Y');
});

test('a counter-proposal is certified in a later round', () => {
  const home = turn(opened('a', abc), putForward(X));
  const counter = judged(X, { ...reject, counter: Y });
  const b = turn(opened('b', abc), body(X), ...heardFrom(home), counter, putForward(Y));
  const c = turn(opened('c', abc), body(X), ...heardFrom(home), judged(X, reject), ...known(Y));

  const proposed = turn(b.state, ...heardFrom(c));
  expect(said(proposed)).toEqual(['precommit 0 nil', 'proposal 1 Y', 'prevote 1 Y']);
  const agreed = turn(c.state, ...heardFrom(b), ...heardFrom(proposed));
  expect(said(agreed)).toContain('precommit 1 Y');
  const certified = turn(proposed.state, ...heardFrom(agreed));
  expect(certified.effects.certify).toEqual({ round: 1, value: Y });
});

test('a region that lacks the body decides only when it is stored', () => {
  const precommits = heard(vote('a', 'precommit', 0, X), vote('c', 'precommit', 0, X));
  const waiting = turn(opened('b', abc), ...precommits);
  expect(waiting.effects).toMatchObject({ certify: null, want: [X] });
  expect(turn(waiting.state, body(X)).effects.certify).toEqual({ round: 0, value: X });
});

test('precommits of a round that was left still make a certificate', () => {
  const after = turn(lockedOnX(), ...heard(vote('a', 'precommit', 0, X)));
  expect(after.state.round).toBe(1);
  expect(after.effects.certify).toEqual({ round: 0, value: X });
});

test('nil precommits, precommits of two rounds and two values never make a certificate', () => {
  const nils = heard(vote('b', 'precommit', 0, nilValue), vote('c', 'precommit', 0, nilValue));
  expect(turn(opened('a', abc), ...nils).state.decided).toBeNull();
  const mixed = heard(vote('b', 'precommit', 0, X), vote('c', 'precommit', 1, X));
  expect(turn(opened('a', abc), ...known(X), ...mixed).state.decided).toBeNull();
  const split = heard(vote('b', 'precommit', 0, X), vote('c', 'precommit', 0, Y));
  expect(turn(opened('a', abc), ...known(X), ...known(Y), ...split).state.decided).toBeNull();
});

test('exactly two thirds is no quorum in a byzantine federation', () => {
  const six = ['a', 'b', 'c', 'd', 'e', 'f'];
  const more = { faultModel: 'byzantine' } as const;
  const four = six.slice(1, 5).map((member) => vote(member, 'precommit', 0, X));
  const { state } = turn(opened('a', six, more), ...known(X), ...heard(...four));
  expect(state.decided).toBeNull();
  expect(turn(state, ...heard(vote('f', 'precommit', 0, X))).state.decided).not.toBeNull();
  expect(() => opened('a', abc, more)).toThrow('at least 4 members');
});

test('half is no quorum in a crash-fault federation', () => {
  const two = heard(vote('b', 'precommit', 0, X), vote('c', 'precommit', 0, X));
  const { state } = turn(opened('a', abcd), ...known(X), ...two);
  expect(state.decided).toBeNull();
  expect(turn(state, ...heard(vote('d', 'precommit', 0, X))).state.decided).not.toBeNull();
});

test('a region alone decides at once', () => {
  const { effects } = turn(opened('a', ['a']), putForward(X));
  expect(effects.certify).toEqual({ round: 0, value: X });
});

test('a decided ballot answers nothing and never changes its mind', () => {
  const votes = [vote('a', 'precommit', 0, X), vote('c', 'precommit', 0, X)];
  const { state } = turn(opened('b', abc), {
    type: 'certificate',
    certificate: certificateOf(votes),
  });
  expect(state.decided).toEqual({ round: 0, value: X });
  const inputs = [
    ...ticks(50),
    ...heard(vote('a', 'prevote', 7, Y)),
    ...known(Y),
    putForward(Y),
    { type: 'quorum', quorum: quorumOfVotes(3, Y, abc) } as const,
  ];
  for (const input of inputs) expect(step(state, input).state).toBe(state);
  const other = certificateOf([vote('a', 'precommit', 1, abortValue)]);
  expect(() => step(state, { type: 'certificate', certificate: other })).toThrow('never certified');
});

test('a certificate against our lock closes the ballot: only certified values contradict', () => {
  const other = certificateOf(abc.map((member) => vote(member, 'precommit', 4, Y)));
  const { state } = turn(lockedOnX(), { type: 'certificate', certificate: other });
  expect(state.decided).toEqual({ round: 4, value: Y });
});

test('repeats come with backoff, hold the newest votes, and are no-ops elsewhere', () => {
  const home = heard(vote('a', 'proposal', 0, X), vote('a', 'prevote', 0, X, accept));
  let { state } = turn(opened('b', abc), ...known(X), ...home);
  const at: number[] = [];
  for (let tick = 1; tick <= 60; tick += 1) {
    const after = turn(state, { type: 'tick' });
    state = after.state;
    if (after.effects.repeat.length > 0) at.push(tick);
  }
  expect(at).toEqual([5, 15, 35, 55]);
  const { effects } = turn(state, ...ticks(20));
  const repeated = effects.repeat.map(({ step: kind, round }) => `${kind} ${round}`);
  expect(repeated).toEqual(['prevote 0', 'precommit 0']);
  expect(effects.quorums).toHaveLength(1);
  expect(effects.bodies).toEqual([X]);

  const once = turn(opened('c', abc), ...heard(...effects.repeat));
  expect(turn(once.state, ...heard(...effects.repeat)).state).toBe(once.state);
});

test('a missing body is asked for again with every repeat', () => {
  const { state } = turn(opened('b', abc), ...heard(vote('a', 'candidate', 0, X)));
  expect(turn(state, ...ticks(5)).effects.want).toContain(X);
});

test('the home proposes first; the others follow in an order that depends on the target', () => {
  const orders = ['api', 'web', 'db', 'queue', 'cache'].map((service) =>
    proposerOrder(`acme/${service}`, 'c', abcd),
  );
  for (const order of orders) {
    expect(order[0]).toBe('c');
    expect(order.toSorted()).toEqual(abcd);
  }
  expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  const config = configOf('a', abc);
  expect([0, 1, 2, 3].map((round) => proposerOf(config, round))).toEqual(['a', 'b', 'c', 'a']);
});
