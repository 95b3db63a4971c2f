/** What the ballot host is given: who it is, its ports, its bounds and whom it tells. */

import type { Clock, Log, Metrics, Random, Signer, StoreOp, Transport } from '#fabric/ports.ts';
import type { BallotLimits, DurableBallot } from '#protocols/ballot/state.ts';
import type { Verifier } from '#protocols/crypto.ts';
import type { Instance, ValueId } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import type { Instances } from './instances.ts';
import type { Ledger } from './ledger.ts';
import type { Decided, Turn } from './turn.ts';

export interface BallotHostLimits {
  readonly ballot: BallotLimits;
  readonly tickMs: number;
  /** How often a region tells the others how far it has decided. */
  readonly digestMs: number;
  readonly mailboxMax: number;
  /** Inputs a turn steps at most, so that one batch stays small. */
  readonly turnInputsMax: number;
  readonly ballotsOpenMax: number;
  readonly bodyBytesMax: number;
}

export interface BallotHostOptions {
  readonly federation: string;
  readonly self: string;
  epoch(): Epoch;
  readonly limits: BallotHostLimits;
  /** Why this region is not ready, for the others to show; null when it is. */
  unready(): string | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  readonly instances: Instances;
  /** The ballots that were open when the store was last written. */
  readonly open: readonly DurableBallot[];
  /** Whether the store was not closed in order; if so, the peers are asked first. */
  readonly unclean: boolean;
  fatal(error: unknown): void;
  /** The home region of a registered target, null for any other. */
  homeOf(target: string): string | null;
  /** Whether the bytes may be a value of the instance: the same answer in every region. */
  admits(instance: Instance, bytes: Uint8Array): boolean;
  /** Facts the region wants in the same batch as the candidates and certificates they stem from. */
  factsOf(news: Pick<Turn, 'candidates' | 'decided'>): readonly StoreOp[];
  /** Decisions whose outcome this region does not know: peers send their documents. */
  openDecisions(): readonly string[];
  documentsOf(decisionId: string): readonly Envelope[];
  /** Nonces of the stops in force here, newest first. */
  stopsKnown(): readonly string[];
  /** The stops in force here that a peer does not name. */
  stopsBeyond(known: readonly string[]): readonly Envelope[];
  onJudge(instance: Instance, value: ValueId, bytes: Uint8Array): void;
  onDecided(decided: Decided): void;
  /** A candidate another region put forward, or our own, once durable. */
  onCandidate(candidate: {
    readonly instance: Instance;
    readonly value: ValueId;
    readonly counter: boolean;
  }): void;
  /** An envelope another region passed on: not verified yet. */
  onDocument(envelope: Envelope): void;
}

export type HostInput =
  | { readonly type: 'tick' }
  /** Nothing but a reason to make a turn. */
  | { readonly type: 'wake' }
  | {
      readonly type: 'put-forward';
      readonly candidacy: Candidacy;
      readonly done: (result: PutForward) => void;
    }
  | {
      readonly type: 'judged';
      readonly instance: Instance;
      readonly value: ValueId;
      readonly judgement: Judgement;
    }
  | { readonly type: 'document'; readonly envelope: Envelope };

export interface Candidacy {
  readonly instance: Instance;
  /** The manifest's or journal entry's bytes. */
  readonly bytes: Uint8Array;
  readonly judgement: Judgement;
  readonly counter: boolean;
}

export type PutForward =
  | { readonly ok: true; readonly value: ValueId }
  | { readonly ok: false; readonly reason: Refusal };
export type Refusal = 'stale-version' | 'not-registered' | 'not-admitted' | 'busy';
