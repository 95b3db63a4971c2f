/**
 * What is kept of what was heard, and how much of it: the table of members' votes.
 *
 *   one member   candidate    one; a later round replaces it
 *                proposals    )  for the current round, the round of our lock, the round of our
 *                prevotes     )  valid value, and the newest: at most four on a shelf
 *                precommits   )
 *
 * Whatever is outside is dropped, so a member that floods us with rounds or values costs no
 * memory. The first vote in a slot stays; a second, different one is evidence against its
 * author alone, and nothing else of that member stops counting.
 *
 * Pure.
 */
import { assert, required } from '../assert.ts';
import { abortValue, nilValue, type ValueId } from '../ids.ts';
import type { SignedVote } from '../messages/ballot.ts';
import { quietly } from './effects.ts';
import { accuse } from './evidence.ts';
import { proposerOf } from './rounds.ts';
import type {
  BallotConfig,
  BallotState,
  BallotStep,
  HeldVote,
  MemberVotes,
  UnsignedVote,
} from './state.ts';
import { shelfOf } from './tally.ts';

export const shelfMax = 4;
const emptyShelves: MemberVotes = { candidate: null, proposals: [], prevotes: [], precommits: [] };

export function emptyTable(config: BallotConfig): ReadonlyMap<string, MemberVotes> {
  return new Map(config.members.map((member) => [member, emptyShelves]));
}

/** Takes in a vote of another member; a repeated, foreign or outlying one changes nothing. */
export function holdVote(state: BallotState, vote: SignedVote): BallotStep {
  const held = state.members.get(vote.member);
  if (!held || vote.member === state.config.self || !isMeaningful(state, vote)) {
    return quietly(state);
  }
  const first = inSameSlot(held, vote);
  if (first) return first.value === vote.value ? quietly(state) : accuse(state, first, vote);
  return quietly(withShelves(state, vote.member, shelved(state, held, vote)));
}

/** Enters a vote of ours, which has no signature yet. */
export function holdOwnVote(state: BallotState, vote: HeldVote): BallotState {
  const { self } = state.config;
  const own = required(state.members.get(self), 'we are a member');
  assert(vote.member === self, 'only our own votes are held unsigned');
  assert(newestRound(own, vote.step) < vote.round, 'no slot is cast twice, nor an older one');
  return withShelves(state, self, shelved(state, own, vote));
}

/** Drops what the bounds no longer cover, after the round, the lock or the valid value moved. */
export function tidied(state: BallotState): BallotState {
  const members = new Map<string, MemberVotes>();
  for (const [member, { candidate, proposals, prevotes, precommits }] of state.members) {
    members.set(member, {
      candidate,
      proposals: withinBounds(state, proposals),
      prevotes: withinBounds(state, prevotes),
      precommits: withinBounds(state, precommits),
    });
  }
  return { ...state, members };
}

/** The values that some held vote, our lock or our valid value names: all that may matter. */
export function valuesNamed(state: BallotState): ReadonlySet<ValueId> {
  const values = new Set<ValueId>();
  for (const { candidate, proposals, prevotes, precommits } of state.members.values()) {
    if (candidate) values.add(candidate.value);
    for (const shelf of [proposals, prevotes, precommits]) {
      for (const vote of shelf) values.add(vote.value);
    }
  }
  for (const value of [state.locked?.value, state.valid?.value, state.nextCandidate]) {
    if (value) values.add(value);
  }
  return values;
}

/** More than votes, lock and valid value can name at a time, so forgetting makes room. */
export function valuesMax({ members }: BallotConfig): number {
  return 16 * members.length;
}

/** Forgets values that nothing names any more, once there are more than could be named. */
export function forgetful(state: BallotState): BallotState {
  const { bodies, judgements, judging, wanted, failed } = state;
  const largest = Math.max(bodies.size, judgements.size, judging.size, wanted.size, failed.size);
  if (largest <= valuesMax(state.config)) return state;
  const named = valuesNamed(state);
  return {
    ...state,
    bodies: bodies.intersection(named),
    judgements: new Map([...judgements].filter(([value]) => named.has(value))),
    judging: judging.intersection(named),
    wanted: wanted.intersection(named),
    failed: failed.intersection(named),
  };
}

/** Candidates name bodies; proposals come from the round's proposer and are never nil. */
function isMeaningful({ config }: BallotState, { step, member, round, value }: HeldVote): boolean {
  if (step === 'candidate') return value !== nilValue && value !== abortValue;
  return step !== 'proposal' || (value !== nilValue && member === proposerOf(config, round));
}

function inSameSlot(held: MemberVotes, { step, round }: HeldVote): HeldVote | null {
  if (step === 'candidate') return held.candidate?.round === round ? held.candidate : null;
  return held[shelfOf[step]].find((vote) => vote.round === round) ?? null;
}

function newestRound(held: MemberVotes, step: UnsignedVote['step']): number {
  if (step === 'candidate') return held.candidate?.round ?? -1;
  return Math.max(-1, ...held[shelfOf[step]].map(({ round }) => round));
}

function shelved(state: BallotState, held: MemberVotes, vote: HeldVote): MemberVotes {
  if (vote.step === 'candidate') {
    return newestRound(held, 'candidate') < vote.round ? { ...held, candidate: vote } : held;
  }
  const shelf = shelfOf[vote.step];
  const after = withinBounds(state, [...held[shelf], vote]);
  return after.includes(vote) ? { ...held, [shelf]: after } : held;
}

function withShelves(state: BallotState, member: string, shelves: MemberVotes): BallotState {
  if (state.members.get(member) === shelves) return state;
  return { ...state, members: new Map(state.members).set(member, shelves) };
}

function withinBounds(state: BallotState, shelf: readonly HeldVote[]): readonly HeldVote[] {
  if (shelf.length === 0) return shelf;
  const newest = Math.max(...shelf.map(({ round }) => round));
  const { round, locked, valid } = state;
  const kept = [newest, round, locked?.round, valid?.round];
  return shelf.filter((vote) => kept.includes(vote.round));
}
