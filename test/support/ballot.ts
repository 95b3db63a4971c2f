/**
 * Ballot cores for tests: short names for members, values and votes, with proofs that nobody
 * checks, since signatures are not the core's business.
 */

import { joinEffects, noEffects } from '#protocols/ballot/effects.ts';
import { assertInvariants } from '#protocols/ballot/invariants.ts';
import type {
  BallotConfig,
  BallotInput,
  BallotLimits,
  BallotState,
  BallotStep,
  UnsignedVote,
} from '#protocols/ballot/state.ts';
import { openBallot, step } from '#protocols/ballot/step.ts';
import { digestOf, utf8 } from '#protocols/bytes.ts';
import { abortValue, nilValue, type ValueId, versionOf } from '#protocols/ids.ts';
import type { Judgement, PrevoteQuorum, SignedVote, VoteStep } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';

export const instance = { tenant: 'acme', target: 'acme/api', version: versionOf(1, 1) };

export const limits: BallotLimits = {
  proposeTicks: 4,
  prevoteTicks: 3,
  precommitTicks: 3,
  growthTicks: 1,
  deadlineTicks: 200,
  roundsMax: 10,
  repeatTicksMin: 5,
  repeatTicksMax: 20,
};

/** The digest that a test calls by a short name. */
export function valueNamed(name: string): ValueId {
  if (name === nilValue || name === abortValue) return name;
  return digestOf(utf8(name));
}

export const X = valueNamed('X');
export const Y = valueNamed('Y');

export const accept: Judgement = {
  verdict: 'accept',
  confidence: 0.9,
  risk: 0.1,
  costEstimate: 0,
  reversibility: 1,
  reasons: [],
};
export const reject: Judgement = { ...accept, verdict: 'reject' };

export function configOf(
  self: string,
  members: readonly string[],
  more: { readonly faultModel?: FaultModel; readonly limits?: Partial<BallotLimits> } = {},
): BallotConfig {
  return {
    federation: 'test',
    epoch: 1,
    instance,
    self,
    members,
    faultModel: more.faultModel ?? 'crash',
    limits: { ...limits, ...more.limits },
  };
}

/** A region's core, just opened. `a` is the home: the proposer of round 0. */
export function opened(...config: Parameters<typeof configOf>): BallotState {
  return openBallot(configOf(...config)).state;
}

export function vote(
  member: string,
  kind: VoteStep,
  round: number,
  value: ValueId,
  judgement?: Judgement,
): SignedVote {
  return signedBy(member, {
    instance,
    step: kind,
    round,
    value,
    ...(judgement && { judgement }),
  });
}

export function signedBy(member: string, unsigned: UnsignedVote): SignedVote {
  const proof = { leafCount: 1, index: 0, path: [], signature: '0'.repeat(128) };
  return { ...unsigned, member, epoch: 1, proof };
}

export function quorumOfVotes(
  round: number,
  value: ValueId,
  members: readonly string[],
): PrevoteQuorum {
  return { round, value, votes: members.map((member) => vote(member, 'prevote', round, value)) };
}

export function certificateOf(votes: readonly SignedVote[]): Certificate {
  const { round, value } = votes[0] ?? vote('a', 'precommit', 0, abortValue);
  const signatures = votes.map(({ member, proof }) => ({ member, proof }));
  return {
    type: 'certificate/1',
    federation: 'test',
    epoch: 1,
    instance,
    round,
    value,
    signatures,
  };
}

export const putForward = (value: ValueId): BallotInput => ({
  type: 'put-forward',
  value,
  judgement: accept,
});
export const body = (value: ValueId): BallotInput => ({ type: 'body', value });
export const judged = (value: ValueId, judgement: Judgement): BallotInput => ({
  type: 'judged',
  value,
  judgement,
});
export const heard = (...votes: readonly SignedVote[]): readonly BallotInput[] =>
  votes.map((one) => ({ type: 'vote', vote: one }));
export const bundle = (quorum: PrevoteQuorum): BallotInput => ({ type: 'quorum', quorum });
export const ticks = (count: number): readonly BallotInput[] =>
  Array.from({ length: count }, () => ({ type: 'tick' }));
/** A value whose body is here and that our own region judged. */
export const known = (value: ValueId, judgement = accept): readonly BallotInput[] => [
  body(value),
  judged(value, judgement),
];

/** Steps the inputs as one turn: all of them, then the signatures; invariants throughout. */
export function turn(before: BallotState, ...inputs: readonly BallotInput[]): BallotStep {
  let state = before;
  let effects = noEffects;
  const take = (input: BallotInput) => {
    const after = step(state, input);
    assertInvariants(state, after.state);
    state = after.state;
    effects = joinEffects(effects, after.effects);
  };
  for (const input of inputs) take(input);
  const { self } = before.config;
  if (effects.votes.length > 0) {
    take({ type: 'signed', votes: effects.votes.map((cast) => signedBy(self, cast)) });
  }
  return { state, effects };
}

/** What was cast, as `step round value` with the short names of values. */
export function said({ effects }: BallotStep): readonly string[] {
  return effects.votes.map(({ step: kind, round, value }) => `${kind} ${round} ${nameOf(value)}`);
}

const named = ['X', 'Y', 'Z', 'W', 'V'];

export function nameOf(value: ValueId): string {
  return named.find((name) => valueNamed(name) === value) ?? value;
}
