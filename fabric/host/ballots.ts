/**
 * The open ballots of a region and the bodies they speak of.
 *
 * Translates verified news (votes, quorums, bodies, certificates) into inputs of the right
 * ballot, opens a ballot on the first word about the next version of a registered target, and
 * closes it with its certificate. Effects are collected in the turn; nothing is performed here.
 */

import type { StoreOp } from '#fabric/ports.ts';
import { required } from '#protocols/assert.ts';
import { durableBallot, restoreBallot } from '#protocols/ballot/durable.ts';
import { proposerOrder } from '#protocols/ballot/rounds.ts';
import type {
  BallotConfig,
  BallotInput,
  BallotState,
  DurableBallot,
} from '#protocols/ballot/state.ts';
import { openBallot, step } from '#protocols/ballot/step.ts';
import { digestOf } from '#protocols/bytes.ts';
import { abortValue, type Instance, instanceKey, tenantOf, type ValueId } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { BallotHostOptions, Candidacy, Refusal } from './ballot-options.ts';
import { delBallot, putBallot, putBody } from './instances.ts';
import type { Decided, Turn } from './turn.ts';
import { type HeldSince, VoteTimes } from './vote-times.ts';

/** Whether an instance may have an open ballot here. */
export type Reach = 'open' | 'decided' | 'ahead' | 'foreign';

export class Ballots {
  readonly #o: BallotHostOptions;
  readonly #open = new Map<string, BallotState>();
  /** By the node's clock, for the metrics alone. */
  readonly #openedAt = new Map<string, number>();
  /** Certificates that came before their body. */
  readonly #waiting = new Map<string, Certificate>();
  /** Bodies written in the turn that is being made: not readable from the store yet. */
  readonly #fresh = new Map<ValueId, Uint8Array>();
  readonly #times = new VoteTimes();
  #mayVote = false;

  constructor(options: BallotHostOptions) {
    this.#o = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** False until the host knows that no newer vote of ours is out there: then nothing is cast. */
  get mayVote(): boolean {
    return this.#mayVote;
  }

  allowVoting(): void {
    this.#mayVote = true;
  }

  all(): ReadonlyMap<string, BallotState> {
    return this.#open;
  }

  get(instance: Instance): BallotState | null {
    return this.#open.get(instanceKey(instance)) ?? null;
  }

  /** The votes held for an open instance; null when it is not open. */
  held(instance: Instance): readonly HeldSince[] | null {
    const state = this.get(instance);
    return state && heldVotes(state).map((vote) => this.#times.since(vote));
  }

  nextVersion(target: string): number {
    return this.#o.instances.nextVersion(target, this.#o.epoch().epoch);
  }

  reach({ tenant, target, version }: Instance): Reach {
    if (this.#o.homeOf(target) === null || tenant !== tenantOf(target)) return 'foreign';
    const next = this.nextVersion(target);
    if (version < next) return 'decided';
    return version > next ? 'ahead' : 'open';
  }

  /** Why a candidate cannot be put forward now; null when it can. */
  refusalOf({ instance, bytes }: Candidacy): Refusal | null {
    const reach = this.reach(instance);
    if (reach === 'foreign') return 'not-registered';
    if (reach !== 'open') return 'stale-version';
    if (bytes.length > this.#o.limits.bodyBytesMax) return 'not-admitted';
    if (!this.#o.admits(instance, bytes)) return 'not-admitted';
    return this.#hasRoom(instance) ? null : 'busy';
  }

  /** Steps the instance's ballot, opening it if there is room. Any step but the last may vote. */
  async step(instance: Instance, input: BallotInput, turn: Turn): Promise<void> {
    if (!this.#mayVote && input.type !== 'certificate') return;
    const key = instanceKey(instance);
    const known = this.#open.get(key);
    if (known && known.config.epoch !== this.#o.epoch().epoch) return this.#leave(known, turn);
    const before = known ?? this.#begin(instance, turn);
    if (!before) return;
    const { state, effects } = step(before, input);
    if (input.type === 'vote') this.#times.note(input.vote, this.#o.clock.now());
    if (input.type === 'quorum') this.#note(input.quorum.votes);
    this.#open.set(key, state);
    turn.add(instance, effects);
    // A body may be here already: from another instance, or from before a restart.
    for (const value of effects.want) {
      if (!(await this.bodyOf(value))) continue;
      turn.wants.delete(value);
      await this.step(instance, { type: 'body', value }, turn);
    }
  }

  /** Hands the proofs of this turn's votes to the ballots that cast them. */
  attach(votes: readonly SignedVote[], turn: Turn): void {
    this.#note(votes);
    const byKey = Map.groupBy(votes, (vote) => instanceKey(vote.instance));
    for (const [key, signed] of byKey) {
      const state = this.#open.get(key);
      // A certificate in the same turn has closed it: that is on disk instead of the vote.
      if (!state) continue;
      this.#open.set(key, step(state, { type: 'signed', votes: signed }).state);
      turn.changed.add(key);
    }
  }

  /** Keeps the body of our own candidate with this turn's batch. */
  async putForward({ instance, bytes, judgement }: Candidacy, turn: Turn): Promise<ValueId> {
    const value = digestOf(bytes);
    this.#keep(value, bytes, turn);
    await this.step(instance, { type: 'put-forward', value, judgement }, turn);
    return value;
  }

  /** A body is kept only when an open ballot or a waiting certificate names it. */
  async takeBody(value: ValueId, bytes: Uint8Array, turn: Turn): Promise<void> {
    if (bytes.length > this.#o.limits.bodyBytesMax) return;
    const named = this.#instancesNaming(value);
    const admitted = named.filter((instance) => this.#o.admits(instance, bytes));
    if (admitted.length === 0) return;
    if (!(await this.bodyOf(value))) this.#keep(value, bytes, turn);
    for (const instance of admitted) {
      const certificate = this.#waiting.get(instanceKey(instance));
      if (certificate?.value === value) await this.takeCertificate(certificate, turn);
      else if (this.get(instance)) await this.step(instance, { type: 'body', value }, turn);
    }
  }

  /** Decides the instance, once its body is here; returns whether the target was ahead of us. */
  async takeCertificate(certificate: Certificate, turn: Turn): Promise<Reach> {
    const { instance, value } = certificate;
    const reach = this.reach(instance);
    if (reach !== 'open') return reach;
    const body = value === abortValue ? null : await this.bodyOf(value);
    if (body === undefined) {
      this.#waiting.set(instanceKey(instance), certificate);
      turn.wants.add(value);
      return reach;
    }
    const state = this.get(instance);
    if (state) await this.step(instance, { type: 'certificate', certificate }, turn);
    this.decide({ certificate, body, votes: this.held(instance) ?? [] }, turn);
    return reach;
  }

  decide(decided: Decided, turn: Turn): void {
    const { instance, round } = decided.certificate;
    if (this.reach(instance) !== 'open') return;
    const key = instanceKey(instance);
    this.#o.metrics.observe('rounds', round + 1);
    const openedAt = this.#openedAt.get(key);
    if (openedAt !== undefined) {
      const seconds = (this.#o.clock.now() - openedAt) / 1000;
      this.#o.metrics.observe('decision_seconds', Math.max(0, seconds));
    }
    this.#openedAt.delete(key);
    this.#open.delete(key);
    this.#waiting.delete(key);
    turn.changed.delete(key);
    turn.ops.push(...this.#o.instances.decide(decided.certificate));
    turn.decided.push(decided);
  }

  async bodyOf(value: ValueId): Promise<Uint8Array | undefined> {
    return this.#fresh.get(value) ?? this.#o.instances.body(value);
  }

  /** What makes the changed ballots of the turn durable. */
  ops(turn: Turn): readonly StoreOp[] {
    return [...turn.changed].flatMap((key) => {
      const state = this.#open.get(key);
      return state ? [putBallot(durableBallot(state))] : [];
    });
  }

  /** Reads a ballot back that was open when the process stopped. */
  async restore(durable: DurableBallot, turn: Turn): Promise<void> {
    const { instance } = durable;
    if (durable.epoch !== this.#o.epoch().epoch || this.reach(instance) !== 'open') {
      turn.ops.push(delBallot(instance));
      return;
    }
    const stored: ValueId[] = [];
    for (const value of valuesOf(durable)) {
      if (await this.#o.instances.body(value)) stored.push(value);
    }
    const { state, effects } = restoreBallot(this.#config(instance), durable, stored);
    this.#open.set(instanceKey(instance), state);
    turn.add(instance, effects);
  }

  /** A ballot closes with its epoch: from the next one on nothing is signed in it. */
  #leave({ config: { instance } }: BallotState, turn: Turn): void {
    const key = instanceKey(instance);
    this.#open.delete(key);
    this.#openedAt.delete(key);
    turn.changed.delete(key);
    turn.ops.push(delBallot(instance));
  }

  #note(votes: readonly SignedVote[]): void {
    const now = this.#o.clock.now();
    for (const vote of votes) this.#times.note(vote, now);
  }

  #keep(value: ValueId, bytes: Uint8Array, turn: Turn): void {
    turn.ops.push(putBody(value, bytes));
    this.#fresh.set(value, bytes);
    turn.after.push(() => this.#fresh.delete(value));
  }

  #begin(instance: Instance, turn: Turn): BallotState | null {
    if (this.reach(instance) !== 'open' || !this.#hasRoom(instance)) return null;
    this.#openedAt.set(instanceKey(instance), this.#o.clock.now());
    const { state, effects } = openBallot(this.#config(instance));
    turn.add(instance, effects);
    return state;
  }

  #hasRoom(instance: Instance): boolean {
    return this.#open.has(instanceKey(instance)) || this.#open.size < this.#o.limits.ballotsOpenMax;
  }

  #config(instance: Instance): BallotConfig {
    const { epoch, members, faultModel } = this.#o.epoch();
    const home = required(this.#o.homeOf(instance.target), 'only registered targets are opened');
    const ids = members.map(({ id }) => id);
    return {
      federation: this.#o.federation,
      epoch,
      instance,
      self: this.#o.self,
      members: proposerOrder(instance.target, home, ids),
      faultModel,
      limits: this.#o.limits.ballot,
    };
  }

  #instancesNaming(value: ValueId): readonly Instance[] {
    const named = new Map<string, Instance>();
    const name = (instance: Instance) => named.set(instanceKey(instance), instance);
    for (const certificate of this.#waiting.values()) {
      if (certificate.value === value) name(certificate.instance);
    }
    for (const state of this.#open.values()) {
      if (namesValue(state, value)) name(state.config.instance);
    }
    return [...named.values()];
  }
}

/** Every held vote that carries its proof. */
export function heldVotes(state: BallotState): readonly SignedVote[] {
  return [...state.members.values()].flatMap((held) =>
    [held.candidate, ...held.proposals, ...held.prevotes, ...held.precommits].flatMap((vote) =>
      vote?.proof ? [{ ...vote, proof: vote.proof }] : [],
    ),
  );
}

function namesValue(state: BallotState, value: ValueId): boolean {
  if (state.locked?.value === value || state.valid?.value === value) return true;
  return heldVotes(state).some((vote) => vote.value === value);
}

function valuesOf(durable: DurableBallot): readonly ValueId[] {
  const values = [
    ...durable.own.map(({ value }) => value),
    ...durable.judgements.map(([value]) => value),
    durable.locked?.value ?? abortValue,
    durable.valid?.value ?? abortValue,
  ];
  return [...new Set(values)].filter((value) => value.startsWith('sha256:'));
}
