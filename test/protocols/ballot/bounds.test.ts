/** Equivocation, floods, malformed bundles, and what survives a crash. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { durableBallot, restoreBallot } from '#protocols/ballot/durable.ts';
import { shelfMax, valuesMax } from '#protocols/ballot/shelves.ts';
import type { BallotState } from '#protocols/ballot/state.ts';
import { step } from '#protocols/ballot/step.ts';
import { nilValue } from '#protocols/ids.ts';
import {
  accept,
  body,
  bundle,
  heard,
  known,
  opened,
  putForward,
  quorumOfVotes,
  said,
  ticks,
  turn,
  valueNamed,
  vote,
  X,
  Y,
} from '#test/support/ballot.ts';

const abc = ['a', 'b', 'c'];
const abcd = ['a', 'b', 'c', 'd'];
const byzantine = { faultModel: 'byzantine' } as const;

function restarted(state: BallotState) {
  return restoreBallot(state.config, durableBallot(state), [...state.bodies]);
}

test('two values in one slot are evidence against their author alone, once', () => {
  const first = vote('d', 'prevote', 0, X);
  const second = vote('d', 'prevote', 0, Y);
  const more = [vote('d', 'precommit', 0, X), vote('d', 'precommit', 0, Y)];
  const { state, effects } = turn(opened('a', abcd, byzantine), ...heard(first, second, ...more));
  expect(effects.evidence).toEqual([{ member: 'd', first, second }]);
  expect(state.members.get('d')?.prevotes).toEqual([first]);
  expect(state.members.get('d')?.precommits).toEqual([more[0]]);
});

test('candidates of different rounds are no evidence; of one round they are', () => {
  const rounds = heard(vote('b', 'candidate', 0, X), vote('b', 'candidate', 1, Y));
  const changed = turn(opened('a', abcd, byzantine), ...rounds);
  expect(changed.effects.evidence).toEqual([]);
  expect(changed.state.members.get('b')?.candidate?.value).toBe(Y);
  const old = turn(changed.state, ...heard(vote('b', 'candidate', 0, X)));
  expect(old.state).toBe(changed.state);
  const twice = turn(changed.state, ...heard(vote('b', 'candidate', 1, X)));
  expect(twice.effects.evidence).toMatchObject([{ member: 'b' }]);
});

test('a bundle counts although one of its votes conflicts with one that is held', () => {
  const lie = heard(vote('d', 'prevote', 0, Y));
  const start = turn(opened('b', abcd, byzantine), ...known(X), ...lie).state;
  const after = turn(start, bundle(quorumOfVotes(0, X, ['a', 'c', 'd'])));
  expect(said(after)).toEqual(['prevote 0 X', 'precommit 0 X']);
  expect(after.effects.evidence).toMatchObject([{ member: 'd' }]);
  expect(after.state.members.get('d')?.prevotes[0]?.value).toBe(Y);
});

test('a bundle that is no quorum of one round and value is dropped whole', () => {
  const start = opened('b', abcd, byzantine);
  const good = quorumOfVotes(0, X, ['a', 'c', 'd']);
  const [a, c, d] = good.votes;
  if (!a || !c || !d) throw new Error('three votes');
  const bad = [
    { ...good, votes: [a, c] },
    { ...good, votes: [a, c, a] },
    { ...good, votes: [a, c, vote('e', 'prevote', 0, X)] },
    { ...good, votes: [a, c, vote('d', 'prevote', 1, X)] },
    { ...good, votes: [a, c, vote('d', 'prevote', 0, Y)] },
    { ...good, votes: [a, c, vote('d', 'precommit', 0, X)] },
  ];
  for (const quorum of bad) expect(step(start, bundle(quorum)).state).toBe(start);
  expect(step(start, bundle(good)).state.valid?.value).toBe(X);
});

test('votes in our own name from outside, and of strangers, change nothing', () => {
  const start = opened('b', abc);
  const strange = [vote('b', 'prevote', 0, X), vote('z', 'prevote', 9, X)];
  const empty = [vote('a', 'candidate', 0, nilValue), vote('a', 'proposal', 0, nilValue)];
  for (const input of heard(...strange, ...empty)) expect(step(start, input).state).toBe(start);
});

test('a flood of rounds and values from one member grows no memory and moves no round', () => {
  let state = opened('a', abcd, byzantine);
  for (let round = 0; round < 500; round += 1) {
    const value = valueNamed(`flood ${round}`);
    const flood = (['candidate', 'prevote', 'precommit'] as const).map((kind) =>
      vote('d', kind, round, value),
    );
    state = turn(state, ...heard(...flood), body(value)).state;
  }
  expect(state.round).toBe(0);
  const { prevotes, precommits } = state.members.get('d') ?? { prevotes: [], precommits: [] };
  expect(Math.max(prevotes.length, precommits.length)).toBeLessThanOrEqual(shelfMax);
  expect(prevotes.map(({ round }) => round)).toEqual([0, 499]);
  expect(Math.max(state.bodies.size, state.judging.size)).toBeLessThanOrEqual(
    valuesMax(state.config),
  );
  const votes = heard(vote('d', 'proposal', 3, X), vote('d', 'prevote', 1, X));
  expect(turn(state, ...votes).state.members.get('d')?.prevotes).toHaveLength(2);
});

test('votes of the current, lock and valid round are kept, others go with the round', () => {
  const quorum = heard(vote('a', 'prevote', 0, X), vote('c', 'prevote', 0, X));
  const locked = turn(
    opened('b', abcd),
    ...known(X),
    ...quorum,
    ...heard(vote('d', 'prevote', 0, X)),
  );
  const later = [1, 2, 5].map((round) => vote('c', 'prevote', round, nilValue));
  const { state } = turn(locked.state, ...heard(...later));
  expect(state.locked).toEqual({ round: 0, value: X });
  expect(state.members.get('c')?.prevotes.map(({ round }) => round)).toEqual([0, 5]);
});

test('a restart says the same again and casts nothing until it is stepped', () => {
  const home = turn(opened('a', abc), putForward(X), ...heard(vote('b', 'prevote', 0, X, accept)));
  const { state, effects } = restarted(home.state);
  expect(effects.votes).toEqual([]);
  const again = effects.repeat.map(({ step: kind, round }) => `${kind} ${round}`);
  expect(again).toEqual(['candidate 0', 'proposal 0', 'prevote 0', 'precommit 0']);
  expect(effects.quorums).toHaveLength(1);
  expect(state).toMatchObject({ round: 0, phase: 'precommit', locked: { round: 0, value: X } });
  expect(said(turn(state, ...ticks(3)))).toEqual([]);
});

test('a restart keeps every slot: nothing said in the round is cast anew', () => {
  const home = turn(opened('a', abc), putForward(X));
  const { state } = restarted(home.state);
  expect(said(turn(state, putForward(Y), ...ticks(3)))).toEqual([]);
  expect(state.phase).toBe('prevote');
  expect(state.judgements.get(X)).toEqual(accept);
});

test('a restart keeps the lock, its proof and the time that has passed', () => {
  const quorum = heard(vote('a', 'prevote', 0, X), vote('c', 'prevote', 0, X));
  const locked = turn(opened('b', abc), ...ticks(3), ...known(X), ...quorum).state;
  const { state } = restarted(locked);
  expect(state.tick).toBe(3);
  expect(state.lockQuorum).toEqual(locked.lockQuorum);
  const next = heard(vote('c', 'proposal', 2, Y), vote('c', 'prevote', 2, Y));
  expect(said(turn(state, ...known(Y), ...next))).toEqual(['prevote 2 X']);
});

test('what is written before its turn is signed is a bug', () => {
  const unsigned = step(opened('a', abc), putForward(X)).state;
  expect(() => durableBallot(unsigned)).toThrow('signed before it is written');
});

test('a step is total: any vote of any member is taken without an exception', () => {
  const arbitraryVote = fc
    .record({
      member: fc.constantFrom('a', 'b', 'c', 'd', 'z'),
      kind: fc.constantFrom(
        'candidate' as const,
        'proposal' as const,
        'prevote' as const,
        'precommit' as const,
      ),
      round: fc.oneof(fc.nat({ max: 6 }), fc.constant(2 ** 31 - 1)),
      value: fc.constantFrom(X, Y, nilValue, 'abort'),
    })
    .map(({ member, kind, round, value }) => vote(member, kind, round, value));
  fc.assert(
    fc.property(fc.array(arbitraryVote, { maxLength: 60 }), (votes) => {
      turn(opened('a', abcd, byzantine), ...known(X), ...heard(...votes), ...ticks(5));
    }),
  );
});
