/**
 * Goal: safety (I1 to I4, I6) under any schedule of messages, losses, crashes, verdicts and
 * lies, and termination (L1) once the network heals. Method: cores over an in-memory network
 * whose every move is drawn; a ledger of all that was said checks each vote and certificate.
 */
import fc from 'fast-check';
import { test } from 'vitest';
import { abortValue, nilValue, type ValueId } from '#protocols/ids.ts';
import type { SignedVote, VoteStep } from '#protocols/messages/ballot.ts';
import { quorumOf } from '#protocols/quorum.ts';
import { accept, reject, valueNamed, vote, X, Y } from '#test/support/ballot.ts';
import { openWorld, type World } from '#test/support/ballot-world.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const ownValue = (member: string) => valueNamed(`of ${member}`);
const runs = { numRuns: 100 };

type Move =
  | { readonly type: 'deliver' | 'double' | 'lose' | 'crash' | 'judge'; readonly at: number }
  | { readonly type: 'tick'; readonly at: number; readonly count: number }
  | { readonly type: 'candidate'; readonly at: number; readonly value: ValueId }
  | { readonly type: 'lie'; readonly at: number; readonly lies: readonly Lie[] };

interface Lie {
  readonly step: VoteStep;
  readonly round: number;
  readonly value: ValueId;
  readonly rejects: boolean;
}

const values = [X, Y, ownValue('a'), ownValue('b'), abortValue, nilValue];
const arbitraryLie: fc.Arbitrary<Lie> = fc.record({
  step: fc.constantFrom<VoteStep>('candidate', 'proposal', 'prevote', 'prevote', 'precommit'),
  round: fc.oneof(
    { weight: 9, arbitrary: fc.nat({ max: 5 }) },
    { weight: 1, arbitrary: fc.constant(2 ** 31 - 1) },
  ),
  value: fc.constantFrom(...values),
  rejects: fc.boolean(),
});

const at = fc.nat({ max: 1000 });
const deliveries: fc.WeightedArbitrary<Move>[] = [
  { weight: 30, arbitrary: fc.record({ type: fc.constant('deliver' as const), at }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('double' as const), at }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('lose' as const), at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('crash' as const), at }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('judge' as const), at }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('tick' as const),
      at,
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('candidate' as const),
      at,
      value: fc.constantFrom(X, Y),
    }),
  },
];
const lies: fc.WeightedArbitrary<Move> = {
  weight: 12,
  arbitrary: fc.record({
    type: fc.constant('lie' as const),
    at,
    lies: fc.array(arbitraryLie, { minLength: 1, maxLength: 4 }),
  }),
};

function make(world: World, move: Move, [liar = 'nobody']: readonly string[]): void {
  const { honest, network } = world;
  const member = honest[move.at % honest.length] ?? 'a';
  const index = move.at % Math.max(1, network.length);
  switch (move.type) {
    case 'deliver':
      world.deliver(index);
      break;
    case 'double':
      world.deliver(index, true);
      break;
    case 'lose':
      world.lose(index);
      break;
    case 'crash':
      world.crash(member);
      break;
    case 'judge':
      world.judgeAll(member);
      break;
    case 'tick':
      for (let count = 0; count < move.count; count += 1) world.tell(member, { type: 'tick' });
      break;
    case 'candidate':
      world.tell(member, { type: 'put-forward', value: move.value, judgement: accept });
      break;
    case 'lie':
      world.lie(member, { from: liar, votes: votesOf(liar, move.lies), bodies: [X, Y] });
      break;
  }
}

function votesOf(liar: string, said: readonly Lie[]): readonly SignedVote[] {
  return said.map(({ step, round, value, rejects }) =>
    vote(liar, step, round, value, rejects ? reject : accept),
  );
}

interface Case {
  readonly members: readonly string[];
  readonly faultModel: 'crash' | 'byzantine';
  readonly liars: readonly string[];
  readonly moves: readonly Move[];
  readonly verdicts: readonly boolean[];
  /** From which member on the quorum is counted that stays connected in the end. */
  readonly first: number;
}

function play({ members, faultModel, liars, moves, verdicts, first }: Case): World {
  const known = [X, Y, ...members.map(ownValue)];
  const judge = (member: string, value: ValueId) => {
    const place = members.indexOf(member) * known.length + known.indexOf(value);
    return verdicts[place % verdicts.length] ? accept : reject;
  };
  const world = openWorld({
    members,
    faultModel,
    liars,
    judge,
    limits: { deadlineTicks: 60, roundsMax: 4 },
  });
  for (const member of world.honest.slice(0, 2)) {
    world.tell(member, { type: 'put-forward', value: ownValue(member), judgement: accept });
  }
  for (const move of moves) make(world, move, liars);
  const { length } = world.honest;
  const quorum = quorumOf(members.length, faultModel);
  const connected = world.honest.map((_, index) => world.honest[(first + index) % length] ?? 'a');
  world.heal(connected.slice(0, quorum), 2_000);
  return world;
}

const verdicts = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });

test('crash-fault regions never certify two values and always decide once connected', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.oneof(...deliveries), { maxLength: 120, size: 'max' }),
      verdicts,
      at,
      (n, moves, verdicts, first) => {
        const members = names.slice(0, n);
        play({ members, faultModel: 'crash', liars: [], moves, verdicts, first });
      },
    ),
    runs,
  );
});

test('one lying region of four changes nothing about that, wherever it stands in the order', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.array(fc.oneof(...deliveries, lies), { maxLength: 160, size: 'max' }),
      verdicts,
      (liar, moves, verdicts) => {
        const members = names.slice(0, 4);
        play({ members, faultModel: 'byzantine', liars: [liar], moves, verdicts, first: 0 });
      },
    ),
    runs,
  );
});
