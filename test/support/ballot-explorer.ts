/**
 * All worlds that three crash-fault regions can get into within two rounds.
 *
 * A move lets one region hear what another would repeat now, or lets one tick pass there, which
 * fires any timeout that runs; what nobody hears before its author has moved on is lost. Regions
 * that differ only in the clock are one, and each step of a region is computed once: a world is
 * three numbers, and a search over a few hundred thousand of them takes seconds.
 */
import { required } from '#protocols/assert.ts';
import { repetition } from '#protocols/ballot/repeat.ts';
import type { BallotInput, BallotState, HeldVote } from '#protocols/ballot/state.ts';
import { nilValue, type ValueId } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import { body, bundle, heard, judged, nameOf, opened, putForward, turn, X, Y } from './ballot.ts';

const members = ['a', 'b', 'c'];
const quorum = 2;
const roundMax = 1;
const never = 1_000_000;
const limits = {
  proposeTicks: 1,
  prevoteTicks: 1,
  precommitTicks: 1,
  growthTicks: 0,
  deadlineTicks: never,
  repeatTicksMin: never,
};

export interface Circumstances {
  /** From which round on a region wants ABORT; regions may differ, as their clocks do. */
  readonly roundsMax: Readonly<Record<string, number>>;
  verdictOf(member: string, value: ValueId): Judgement;
}

export interface Exploration {
  readonly worlds: number;
  /** What was certifiable in some world. */
  readonly certified: readonly string[];
  /** A world in which two values were, if there is one. */
  readonly violation: string | null;
}

/** The regions of a world by their number in the atlas. */
type World = readonly number[];

/** Every state that some region was ever in, once, and where each move leads from there. */
interface Atlas {
  readonly states: BallotState[];
  readonly numbers: Map<string, number>;
  readonly steps: Map<string, number>;
}

export function explore(circumstances: Circumstances): Exploration {
  const atlas: Atlas = { states: [], numbers: new Map(), steps: new Map() };
  const first = firstWorld(circumstances).map((state) => numberOf(atlas, state));
  const seen = new Set([first.join()]);
  const certified = new Set<string>();
  for (let frontier: World[] = [first]; frontier.length > 0; ) {
    const next: World[] = [];
    for (const world of frontier.flatMap((before) => worldsAfter(atlas, before))) {
      const key = world.join();
      if (seen.has(key)) continue;
      seen.add(key);
      const states = world.map((number) => stateOf(atlas, number));
      const values = certifiable(states);
      for (const value of values) certified.add(nameOf(value));
      if (values.size > 1) {
        const violation = states.map(describe).join('\n');
        return { worlds: seen.size, certified: [...certified].sort(), violation };
      }
      next.push(world);
    }
    frontier = next;
  }
  return { worlds: seen.size, certified: [...certified].sort(), violation: null };
}

/** Bodies are stored, judged and known to be candidates; `a` and `b` have put theirs forward. */
function firstWorld({ roundsMax, verdictOf }: Circumstances): readonly BallotState[] {
  const alone = members.map((self) => {
    const more = { limits: { ...limits, roundsMax: roundsMax[self] ?? never } };
    const known = [X, Y].flatMap((value) => [body(value), judged(value, verdictOf(self, value))]);
    const own = { a: [putForward(X)], b: [putForward(Y)] }[self] ?? [];
    return turn(opened(self, members, more), ...known, ...own).state;
  });
  const candidates = alone.flatMap((state) =>
    repetition(state).repeat.filter((vote) => vote.step === 'candidate'),
  );
  return alone.map((state) => turn(state, ...heard(...candidates)).state);
}

function worldsAfter(atlas: Atlas, world: World): readonly World[] {
  return world.flatMap((number, index) => {
    const { decided, round, timeoutAt, roundEndsAt } = stateOf(atlas, number);
    if (decided || round > roundMax) return [];
    const after = world
      .filter((_, other) => other !== index)
      .map((other) => stepOf(atlas, number, other));
    if (timeoutAt !== null || roundEndsAt !== null) after.push(stepOf(atlas, number, 'tick'));
    return after.filter((one) => one !== number).map((one) => world.with(index, one));
  });
}

/** Where the region gets to by hearing another one, or by a tick. */
function stepOf(atlas: Atlas, number: number, move: number | 'tick'): number {
  const key = `${number} ${move}`;
  const known = atlas.steps.get(key);
  if (known !== undefined) return known;
  const inputs = move === 'tick' ? [{ type: 'tick' } as const] : saidBy(stateOf(atlas, move));
  const after = numberOf(atlas, turn(stateOf(atlas, number), ...inputs).state);
  atlas.steps.set(key, after);
  return after;
}

function saidBy(state: BallotState): readonly BallotInput[] {
  const { repeat, quorums } = repetition(state);
  return [...heard(...repeat), ...quorums.map(bundle)];
}

/** Every value that a quorum precommitted in one round, whether or not a region knows. */
function certifiable(states: readonly BallotState[]): ReadonlySet<ValueId> {
  const values = new Set(states.flatMap(({ decided }) => (decided ? [decided.value] : [])));
  const counts = new Map<string, number>();
  for (const { config, members: table } of states) {
    for (const { round, value } of table.get(config.self)?.precommits ?? []) {
      const count = (counts.get(`${round} ${value}`) ?? 0) + 1;
      counts.set(`${round} ${value}`, count);
      if (count >= quorum && value !== nilValue) values.add(value);
    }
  }
  return values;
}

function numberOf(atlas: Atlas, state: BallotState): number {
  const key = describe(state);
  const known = atlas.numbers.get(key);
  if (known !== undefined) return known;
  atlas.numbers.set(key, atlas.states.length);
  return atlas.states.push(state) - 1;
}

function stateOf({ states }: Atlas, number: number): BallotState {
  return required(states[number], 'a number names a state');
}

/** All of a state that a later step can depend on, but for the clock. */
function describe(state: BallotState): string {
  const { config, tick, round, phase, timeoutAt, roundEndsAt, locked, valid, decided } = state;
  const held = [...state.members.values()].map(({ candidate, proposals, prevotes, precommits }) =>
    [...(candidate ? [candidate] : []), ...proposals, ...prevotes, ...precommits]
      .map(describeVote)
      .toSorted()
      .join(),
  );
  const waits = [timeoutAt, roundEndsAt].map((at) => (at === null ? '-' : Math.max(0, at - tick)));
  const proofs = [locked?.round, locked?.value, valid?.round, valid?.value, decided?.value];
  const failed = [...state.failed].toSorted();
  return [config.self, round, phase, ...waits, ...proofs, ...failed, ...held].join(' ');
}

function describeVote({ step, round, value }: HeldVote): string {
  return `${step} ${round} ${nameOf(value)}`;
}
