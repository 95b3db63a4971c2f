/**
 * After an unclean stop a region asks a quorum of its peers for its own newest signed slots
 * before it votes, and never votes if theirs are newer (architecture 4.4).
 *
 * A cut tail of the store leaves no gap: the store opens, and what is missing is a vote that
 * others may hold. Voting again in that slot could make two certificates. The peers' answers
 * also carry the prevote quorums they hold, so that the region learns of locks it may have lost.
 *
 * q answers of *other* members are asked for: of the q-1 that signed a certificate with this
 * region, at least one is among them and is locked on what was certified.
 */

import type { Clock, Log, Random, Timer, Transport } from '#fabric/ports.ts';
import { verifyCertificate } from '#protocols/ballot/certificate.ts';
import type { BallotState, DurableBallot } from '#protocols/ballot/state.ts';
import { verifyVote } from '#protocols/ballot/vote.ts';
import { toHex, utf8 } from '#protocols/bytes.ts';
import type { Verifier } from '#protocols/crypto.ts';
import { instanceKey } from '#protocols/ids.ts';
import type { SignedVote, VoteStep } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import type { SlotsReply, SlotsRequest } from '#protocols/messages/fabric.ts';
import { quorumOf } from '#protocols/quorum.ts';
import type { Instances } from './instances.ts';

export interface RecoveryOptions {
  readonly federation: string;
  readonly self: string;
  readonly unclean: boolean;
  epoch(): Epoch;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly instances: Instances;
  readonly open: readonly DurableBallot[];
  readonly log: Log;
  openBallots(): ReadonlyMap<string, BallotState>;
  /** Called once, when voting is safe, with the answers that made it so. */
  onReady(learned: readonly SlotsReply[]): void;
  fatal(error: unknown): void;
}

/**
 * Durable from an unclean start until the peers have answered: an orderly stop in between would
 * otherwise make the next start look clean.
 */
export const recoveringKey = 'recovering';

const askAgainMs = 500;
/** Bounds of one answer. */
const votesMax = 4096;
const quorumsMax = 256;
const certificatesMax = 256;

type State = 'asking' | 'voting' | 'amnesia' | 'new';

/** Whether this region may vote, whether that is still being found out, and why. */
export interface Standing {
  readonly voting: boolean;
  readonly asking: boolean;
  readonly reason: string;
}

export class Recovery {
  readonly #o: RecoveryOptions;
  #state: State = 'new';
  #nonce = '';
  #timer: Timer | null = null;
  #newer = '';
  /** The newest answer of each peer: besides our own votes, locks we may have to know of. */
  readonly #answers = new Map<string, SlotsReply>();

  constructor(options: RecoveryOptions) {
    this.#o = options;
  }

  start(): void {
    if (!this.#o.unclean || this.#needed() === 0) {
      this.#ready();
      return;
    }
    this.#state = 'asking';
    this.#nonce = toHex(this.#o.random.bytes(16));
    this.#ask();
  }

  stop(): void {
    if (this.#timer !== null) this.#o.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  standing(): Standing {
    switch (this.#state) {
      case 'voting':
        return { voting: true, asking: false, reason: 'voting' };
      case 'amnesia':
        return {
          voting: false,
          asking: false,
          reason: `peers hold a newer vote of ours: ${this.#newer}`,
        };
      default:
        return {
          voting: false,
          asking: true,
          reason:
            'not stopped in order; asking peers for our own votes ' +
            `(${this.#answers.size} of ${this.#needed()} answered)`,
        };
    }
  }

  /** Answered at once, also while asking: what we hold of the asker is on disk. */
  onRequest(message: SlotsRequest): void {
    this.#answer(message).catch((error: unknown) => this.#o.fatal(error));
  }

  onReply(message: SlotsReply): void {
    if (this.#state !== 'asking' || message.nonce !== this.#nonce) return;
    const bundled = message.quorums.flatMap(({ quorum }) => quorum.votes);
    const newer =
      this.#newerVote([...message.votes, ...bundled]) ??
      this.#newerCertificate(message.certificates);
    if (newer) {
      this.#state = 'amnesia';
      this.#newer = newer;
      this.stop();
      this.#o.log.error(
        { newer, peer: message.from },
        'this store lost a vote: it never votes again',
      );
      return;
    }
    this.#answers.set(message.from, message);
    if (this.#answers.size >= this.#needed()) this.#ready();
  }

  #ready(): void {
    this.stop();
    this.#state = 'voting';
    const learned = [...this.#answers.values()];
    this.#answers.clear();
    this.#o.onReady(learned);
  }

  #needed(): number {
    const { members, faultModel } = this.#o.epoch();
    return Math.min(quorumOf(members.length, faultModel), members.length - 1);
  }

  #ask(): void {
    const request: SlotsRequest = { type: 'slots-request/1', ...this.#head(), nonce: this.#nonce };
    this.#o.transport.broadcast(utf8(JSON.stringify(request)), 'votes');
    this.#timer = this.#o.clock.setTimeout(() => this.#ask(), askAgainMs);
  }

  async #answer(request: SlotsRequest): Promise<void> {
    const votes: SignedVote[] = [];
    const quorums: SlotsReply['quorums'] = [];
    for (const state of this.#o.openBallots().values()) {
      if (votes.length < votesMax - 16) votes.push(...votesOf(state, request.from));
      if (state.valid && quorums.length < quorumsMax) {
        quorums.push({ instance: state.config.instance, quorum: state.valid });
      }
    }
    const reply: SlotsReply = {
      type: 'slots-reply/1',
      ...this.#head(),
      nonce: request.nonce,
      votes,
      quorums,
      certificates: await this.#certificatesSignedBy(request.from),
    };
    this.#o.transport.send(request.from, utf8(JSON.stringify(reply)));
  }

  async #certificatesSignedBy(member: string): Promise<Certificate[]> {
    const certificates: Certificate[] = [];
    for (const [target, { version }] of this.#o.instances.heads()) {
      if (certificates.length >= certificatesMax) break;
      const certificate = await this.#o.instances.certificate(target, version);
      if (certificate?.signatures.some((one) => one.member === member)) {
        certificates.push(certificate);
      }
    }
    return certificates;
  }

  /** A vote of ours that our store does not know of, in words. */
  #newerVote(votes: readonly SignedVote[]): string | null {
    const { federation, self, verifier, instances } = this.#o;
    const member = this.#o.epoch().members.find(({ id }) => id === self);
    for (const vote of votes) {
      if (vote.member !== self || !member) continue;
      if (!verifyVote(vote, { federation, publicKey: member.publicKey }, { verifier })) continue;
      if (vote.instance.version <= instances.headVersion(vote.instance.target)) continue;
      if (!this.#knows(vote.instance, vote.step, vote.round)) {
        return `${vote.step} in round ${vote.round} of ${instanceKey(vote.instance)}`;
      }
    }
    return null;
  }

  #newerCertificate(certificates: readonly Certificate[]): string | null {
    const { self, verifier, instances } = this.#o;
    for (const certificate of certificates) {
      const { instance, round } = certificate;
      if (instance.version <= instances.headVersion(instance.target)) continue;
      if (!certificate.signatures.some(({ member }) => member === self)) continue;
      if (!verifyCertificate(certificate, this.#o.epoch(), { verifier }).ok) continue;
      if (!this.#knows(instance, 'precommit', round)) {
        return `precommit in round ${round} of ${instanceKey(instance)}`;
      }
    }
    return null;
  }

  /** Whether our own newest slot of that step is at least as new. */
  #knows(instance: SignedVote['instance'], step: VoteStep, round: number): boolean {
    const key = instanceKey(instance);
    const durable = this.#o.open.find((ballot) => instanceKey(ballot.instance) === key);
    return durable?.own.some((own) => own.step === step && own.round >= round) ?? false;
  }

  #head(): { federation: string; epoch: number; from: string } {
    return { federation: this.#o.federation, epoch: this.#o.epoch().epoch, from: this.#o.self };
  }
}

function votesOf(state: BallotState, member: string): SignedVote[] {
  const held = state.members.get(member);
  if (!held) return [];
  const all = [held.candidate, ...held.proposals, ...held.prevotes, ...held.precommits];
  return all.flatMap((vote) => (vote?.proof ? [{ ...vote, proof: vote.proof }] : []));
}
