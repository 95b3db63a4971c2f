/**
 * All worlds that three crash-fault regions can get into within two rounds.
 *
 * A move lets one region hear what another would repeat now, or lets one tick pass there, which
 * fires any timeout that runs; what nobody hears before its author has moved on is lost. Regions
 * that differ only in the clock are one, and each step of a region is computed once, so
 * that a search over hundreds of thousands of worlds takes seconds.
 */
import { required } from '#protocols/assert.ts';
import { repetition } from '#protocols/ballot/repeat.ts';
import type { BallotInput, BallotState, HeldVote } from '#protocols/ballot/state.ts';
import { nilValue, type ValueId } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import { body, bundle, heard, judged, nameOf, opened, putForward, turn, X, Y } from './ballot.ts';

const members = ['a', 'b', 'c'];
const placesMax = 2 ** 17;
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

/** A state that some region was in, with what the search asks of it, computed once. */
interface Place {
  readonly number: number;
  readonly state: BallotState;
  readonly isMoving: boolean;
  readonly isWaiting: boolean;
  /** What it precommitted: `round value`. */
  readonly precommitted: readonly string[];
  /** What it would repeat now, and that as text: many states say the same. */
  readonly said: readonly BallotInput[];
  readonly saying: string;
  /** Where a move leads, by what is heard; `tick` for a tick. */
  readonly after: Map<string, Place>;
}

type World = readonly [Place, Place, Place];
type Atlas = Map<string, Place>;
const tick = 'tick';

export function explore(circumstances: Circumstances): Exploration {
  const atlas: Atlas = new Map();
  const [a, b, c] = firstStates(circumstances).map((state) => placeOf(atlas, state));
  const first: World = [required(a, 'a'), required(b, 'b'), required(c, 'c')];
  const seen = new Set([keyOf(first)]);
  const certified = new Set<string>();
  // Depth first: the list of worlds still to leave stays short.
  for (const pending: World[] = [first]; pending.length > 0; ) {
    for (const world of worldsAfter(atlas, required(pending.pop(), 'a world is pending'))) {
      const key = keyOf(world);
      if (seen.has(key)) continue;
      seen.add(key);
      pending.push(world);
      const values = certifiable(world);
      for (const value of values) certified.add(nameOf(value));
      if (values.size < 2) continue;
      const violation = world.map(({ state }) => describe(state)).join('\n');
      return { worlds: seen.size, certified: [...certified].sort(), violation };
    }
  }
  return { worlds: seen.size, certified: [...certified].sort(), violation: null };
}

/** Bodies are stored, judged and known to be candidates; `a` and `b` have put theirs forward. */
function firstStates({ roundsMax, verdictOf }: Circumstances): readonly BallotState[] {
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

function worldsAfter(atlas: Atlas, [a, b, c]: World): readonly World[] {
  const worlds: World[] = [];
  for (const after of placesAfter(atlas, a, [b, c])) worlds.push([after, b, c]);
  for (const after of placesAfter(atlas, b, [a, c])) worlds.push([a, after, c]);
  for (const after of placesAfter(atlas, c, [a, b])) worlds.push([a, b, after]);
  return worlds;
}

function placesAfter(atlas: Atlas, place: Place, others: readonly Place[]): readonly Place[] {
  if (!place.isMoving) return [];
  const after = others.map((other) => placeAfter(atlas, place, other));
  return place.isWaiting ? [...after, placeAfter(atlas, place, null)] : after;
}

/** Where the region gets to by hearing another one, or by a tick. */
function placeAfter(atlas: Atlas, place: Place, other: Place | null): Place {
  const known = place.after.get(other?.saying ?? tick);
  if (known) return known;
  const inputs: readonly BallotInput[] = other ? other.said : [{ type: 'tick' }];
  const after = placeOf(atlas, turn(place.state, ...inputs).state);
  place.after.set(other?.saying ?? tick, after);
  return after;
}

/** Every value that a quorum precommitted in one round, whether or not a region knows. */
function certifiable([a, b, c]: World): ReadonlySet<ValueId> {
  const values = new Set<ValueId>();
  for (const { state } of [a, b, c]) if (state.decided) values.add(state.decided.value);
  // A quorum is two of three, so two equal precommits are enough.
  for (const [one, another] of [[a, b] as const, [a, c] as const, [b, c] as const]) {
    for (const precommit of one.precommitted) {
      if (!another.precommitted.includes(precommit)) continue;
      values.add(precommit.slice(precommit.indexOf(' ') + 1));
    }
  }
  return values;
}

function placeOf(atlas: Atlas, state: BallotState): Place {
  const key = describe(state);
  const known = atlas.get(key);
  if (known) return known;
  const { config, decided, round, timeoutAt, roundEndsAt } = state;
  const precommits = state.members.get(config.self)?.precommits ?? [];
  const { repeat, quorums } = repetition(state);
  const place: Place = {
    number: atlas.size,
    state,
    isMoving: !decided && round <= roundMax,
    isWaiting: timeoutAt !== null || roundEndsAt !== null,
    precommitted: precommits
      .filter(({ value }) => value !== nilValue)
      .map(({ round: at, value }) => `${at} ${value}`),
    said: [...heard(...repeat), ...quorums.map(bundle)],
    saying: [...repeat, ...quorums.flatMap(({ votes }) => votes)]
      .map((vote) => `${vote.member} ${describeVote(vote)}`)
      .join(),
    after: new Map(),
  };
  atlas.set(key, place);
  return place;
}

/** Three numbers below 2^17 in one double. */
function keyOf([a, b, c]: World): number {
  return (a.number * placesMax + b.number) * placesMax + c.number;
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
