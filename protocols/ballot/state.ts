/**
 * The ballot of one instance: its state, its inputs and its effects (architecture 4.1).
 *
 * A one-height Tendermint (Buchman, Kwon, Milosevic, arXiv 1807.04938) with a chosen quorum
 * and no common validity: every region judges with its own evidence. `step` is pure; the host
 * performs effects in the order of the record's fields, which is the safety argument:
 *
 *   persist -> votes (signed, counted into the turn's tree) -> everything else
 *
 * Own votes count in the step that casts them, so prevote and precommit can leave in one batch;
 * the host signs them in the same turn and hands the proofs back with a `signed` input before
 * it builds a certificate. Time is a count of ticks.
 *
 * Pure.
 */

import type { Instance, ValueId } from '../ids.ts';
import type { Judgement, PrevoteQuorum, SignedVote, VoteStep } from '../messages/ballot.ts';
import type { Certificate } from '../messages/certificate.ts';
import type { FaultModel } from '../messages/epoch.ts';

export interface BallotConfig {
  readonly federation: string;
  readonly epoch: number;
  readonly instance: Instance;
  readonly self: string;
  /** In proposer order: home first, then the others by SHA-256(target, member). */
  readonly members: readonly string[];
  readonly faultModel: FaultModel;
  readonly limits: BallotLimits;
}

export interface BallotLimits {
  /** How long to wait in each step of round 0, and how much longer in each later round. */
  readonly proposeTicks: number;
  readonly prevoteTicks: number;
  readonly precommitTicks: number;
  readonly growthTicks: number;
  /** After so many ticks, or from this round on, an unlocked region prevotes ABORT. */
  readonly deadlineTicks: number;
  readonly roundsMax: number;
  /** Re-gossip of an open instance: first after, doubling up to. */
  readonly repeatTicksMin: number;
  readonly repeatTicksMax: number;
}

export type BallotPhase = 'propose' | 'prevote' | 'precommit' | 'decided';

/** A vote of ours before the host has signed its turn. */
export interface UnsignedVote {
  readonly instance: Instance;
  readonly step: VoteStep;
  readonly round: number;
  readonly value: ValueId;
  readonly judgement?: Judgement;
}

/** A held vote: ours may still lack its proof within the turn that casts it. */
export type HeldVote = Omit<SignedVote, 'proof'> & { readonly proof: SignedVote['proof'] | null };

export interface Lock {
  readonly round: number;
  readonly value: ValueId;
}

/**
 * What one member's messages may occupy: one candidate, and votes for the current round, the
 * round of our lock, that of our valid value, and the member's own highest round.
 */
export interface MemberVotes {
  readonly candidate: HeldVote | null;
  readonly proposals: readonly HeldVote[];
  readonly prevotes: readonly HeldVote[];
  readonly precommits: readonly HeldVote[];
}

export interface BallotState {
  readonly config: BallotConfig;
  readonly tick: number;
  readonly round: number;
  readonly phase: BallotPhase;
  /** When the current phase times out; null while nothing is waited for. */
  readonly timeoutAt: number | null;
  /** When the round is left undecided; null until a quorum has precommitted or gone on. */
  readonly roundEndsAt: number | null;
  readonly repeatAt: number;
  readonly repeatEvery: number;
  readonly locked: Lock | null;
  /** The prevotes that justify the lock. Our own joins them when its turn is signed. */
  readonly lockQuorum: PrevoteQuorum | null;
  /** The highest prevote quorum held for a value other than nil. Ours joins as above. */
  readonly valid: PrevoteQuorum | null;
  /** Put forward by us while this round's candidate slot was taken: cast in the next round. */
  readonly nextCandidate: ValueId | null;
  readonly members: ReadonlyMap<string, MemberVotes>;
  /** Our own judgement of each candidate or proposal, by value. */
  readonly judgements: ReadonlyMap<ValueId, Judgement>;
  readonly judging: ReadonlySet<ValueId>;
  /** Bodies asked for and not here yet. */
  readonly wanted: ReadonlySet<ValueId>;
  /** Values whose bodies are stored here. */
  readonly bodies: ReadonlySet<ValueId>;
  /** Values that more than n-q regions rejected in some round: not proposed again. */
  readonly failed: ReadonlySet<ValueId>;
  /** Members against whom evidence was already given. */
  readonly accused: ReadonlySet<string>;
  readonly decided: { readonly round: number; readonly value: ValueId } | null;
  /** Set when a certificate came from outside instead of from our own count. */
  readonly certificate: Certificate | null;
}

/** Verified before it gets here: signatures, membership, epoch and instance are the host's duty. */
export type BallotInput =
  | { readonly type: 'tick' }
  /** Our own region puts a manifest forward; its body is stored and it has judged it. */
  | { readonly type: 'put-forward'; readonly value: ValueId; readonly judgement: Judgement }
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'quorum'; readonly quorum: PrevoteQuorum }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'body'; readonly value: ValueId }
  | { readonly type: 'judged'; readonly value: ValueId; readonly judgement: Judgement }
  /** The proofs of votes cast in this turn. */
  | { readonly type: 'signed'; readonly votes: readonly SignedVote[] };

/** Two signed votes of one member for one slot. */
export interface Evidence {
  readonly member: string;
  readonly first: SignedVote;
  readonly second: SignedVote;
}

/** In duty order. */
export interface BallotEffects {
  /** durableBallot(state) changed and must be on disk before anything below is visible. */
  readonly persist: boolean;
  /** To be signed, and sent once durable. */
  readonly votes: readonly UnsignedVote[];
  /** q precommits of one round and the body are held: build the certificate, persist, announce. */
  readonly certify: { readonly round: number; readonly value: ValueId } | null;
  /** Re-gossip: what we said before, the newest prevote quorum, bodies by value. */
  readonly repeat: readonly SignedVote[];
  readonly quorums: readonly PrevoteQuorum[];
  readonly bodies: readonly ValueId[];
  /** Bodies to look for in the store, then to ask the others for; answered with `body`. */
  readonly want: readonly ValueId[];
  /** Values to judge with our own evidence; answered with a `judged` input. */
  readonly judge: readonly ValueId[];
  readonly evidence: readonly Evidence[];
}

export interface BallotStep {
  readonly state: BallotState;
  readonly effects: BallotEffects;
}

/** What must survive a crash while the instance is undecided. JSON. */
export interface DurableBallot {
  readonly instance: Instance;
  readonly epoch: number;
  /** Ticks since the ballot opened, so that restarts do not push the deadline away. */
  readonly tick: number;
  readonly round: number;
  readonly own: readonly SignedVote[];
  readonly locked: Lock | null;
  readonly lockQuorum: PrevoteQuorum | null;
  readonly valid: PrevoteQuorum | null;
  /** Our own judgements, so that a restart does not judge the same value differently. */
  readonly judgements: readonly (readonly [ValueId, Judgement])[];
}
