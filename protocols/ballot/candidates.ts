/**
 * Candidates: manifests that regions put forward, their bodies and our own judgement of them.
 *
 * Every region may have one candidate; a counter-proposal is nothing but a candidate of a later
 * round. A value can be proposed here once its body is stored, our own evidence accepts it and
 * no quorum of regions was made impossible for it by rejections before.
 *
 *   named by a vote -> want its body -> body stored -> judge it once -> accept | reject
 *
 * Pure.
 */
import { required } from '../assert.ts';
import { abortValue, nilValue, type ValueId } from '../ids.ts';
import type { Judgement } from '../messages/ballot.ts';
import { joinEffects, noEffects, quietly } from './effects.ts';
import { cast } from './own-votes.ts';
import { valuesNamed } from './shelves.ts';
import type { BallotState, BallotStep } from './state.ts';

/**
 * Our region puts a manifest forward. Where this round's candidate slot is already used for
 * another value, the new one waits for the next round.
 */
export function onPutForward(
  before: BallotState,
  { value, judgement }: { readonly value: ValueId; readonly judgement: Judgement },
): BallotStep {
  const known = withBody(before, value);
  const state: BallotState = {
    ...known,
    judgements: new Map(known.judgements).set(value, judgement),
    judging: without(known.judging, value),
    nextCandidate: value,
  };
  return castCandidate(state) ?? quietly(state);
}

/** The rule that casts the candidate we have in mind as soon as its slot is free. */
export function castCandidate(state: BallotState): BallotStep | null {
  const value = state.nextCandidate;
  if (value === null) return null;
  const own = required(state.members.get(state.config.self), 'we are a member').candidate;
  if (own?.value === value) return quietly({ ...state, nextCandidate: null });
  if (own && own.round >= state.round) return null;
  const { state: after, effects } = cast(state, { step: 'candidate', round: state.round, value });
  return {
    state: { ...after, nextCandidate: null },
    effects: joinEffects(effects, { ...noEffects, bodies: [value] }),
  };
}

/** A body is stored now, whoever sent it. */
export function withBody(state: BallotState, value: ValueId): BallotState {
  if (state.bodies.has(value)) return state;
  return {
    ...state,
    bodies: new Set(state.bodies).add(value),
    wanted: without(state.wanted, value),
  };
}

/** Our own judgement of a value is made once; a second one changes nothing. */
export function withJudgement(
  state: BallotState,
  { value, judgement }: { readonly value: ValueId; readonly judgement: Judgement },
): BallotState {
  if (state.judgements.has(value)) return state;
  return {
    ...state,
    judgements: new Map(state.judgements).set(value, judgement),
    judging: without(state.judging, value),
  };
}

/** The first candidate that we could propose: our own, then in proposer order. */
export function candidateToPropose(state: BallotState): ValueId | null {
  const { self, members } = state.config;
  for (const member of [self, ...members]) {
    const value = state.members.get(member)?.candidate?.value;
    if (value !== undefined && isAccepted(state, value) && !state.failed.has(value)) return value;
  }
  return null;
}

/** Asks for what is missing: bodies that votes name, judgements of what may be proposed. */
export function inquire(before: BallotState): BallotStep {
  const want = [...valuesNamed(before)].filter(
    (value) => !hasBody(before, value) && !before.wanted.has(value),
  );
  const judge = [...valuesToJudge(before)].filter(
    (value) =>
      before.bodies.has(value) && !before.judgements.has(value) && !before.judging.has(value),
  );
  if (want.length === 0 && judge.length === 0) return quietly(before);
  const state: BallotState = {
    ...before,
    wanted: before.wanted.union(new Set(want)),
    judging: before.judging.union(new Set(judge)),
  };
  return { state, effects: { ...noEffects, want, judge } };
}

/** Nil and ABORT have no body, so theirs is never missing. */
export function hasBody(state: BallotState, value: ValueId): boolean {
  return value === abortValue || value === nilValue || state.bodies.has(value);
}

function isAccepted(state: BallotState, value: ValueId): boolean {
  return state.bodies.has(value) && state.judgements.get(value)?.verdict === 'accept';
}

function valuesToJudge({ members }: BallotState): ReadonlySet<ValueId> {
  const values = new Set<ValueId>();
  for (const { candidate, proposals } of members.values()) {
    if (candidate) values.add(candidate.value);
    for (const { value } of proposals) values.add(value);
  }
  return values;
}

function without(values: ReadonlySet<ValueId>, value: ValueId): ReadonlySet<ValueId> {
  return values.has(value) ? values.difference(new Set([value])) : values;
}
