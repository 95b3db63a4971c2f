/**
 * Messages from the fabric, decoded and verified, or dropped and counted by reason.
 *
 * Nothing here throws on what a peer sends, and nothing unverified leaves: a vote is yielded
 * only with a valid signature of a member of the epoch in force, a body only if its bytes have
 * its digest, a certificate only if it verifies.
 */

import type { Log, Metrics } from '#fabric/ports.ts';
import { verifyCertificate } from '#protocols/ballot/certificate.ts';
import { VerifiedRoots } from '#protocols/ballot/verified-roots.ts';
import { type VoteChecks, verifyVote } from '#protocols/ballot/vote.ts';
import { digestOf, fromBase64 } from '#protocols/bytes.ts';
import type { Verifier } from '#protocols/crypto.ts';
import type { Instance, ValueId } from '#protocols/ids.ts';
import type { PrevoteQuorum, SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import type { TurnMessage } from '#protocols/messages/fabric.ts';
import { type DecodeFailure, decode, type MessageOf } from '#protocols/messages/index.ts';

const fabricTypes = ['turn/1', 'digest/1', 'fetch/1', 'slots-request/1', 'slots-reply/1'] as const;
export type FabricMessage = MessageOf<(typeof fabricTypes)[number]>;

type DropReason =
  | DecodeFailure
  | 'foreign'
  | 'forged'
  | 'not-a-member'
  | 'mixed-quorum'
  | 'bad-certificate'
  | 'bad-body'
  | 'foreign-vote'
  | 'bad-signature';

/** What an honest peer sends too while the epoch changes: it may be ahead of us, or behind. */
const innocent: ReadonlySet<DropReason> = new Set([
  'foreign-vote',
  'not-a-member',
  'bad-certificate',
]);

export interface InboundOptions {
  readonly federation: string;
  readonly self: string;
  epoch(): Epoch;
  readonly verifier: Verifier;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The peer sent what no honest one sends. */
  blame(from: string): void;
}

export class Inbound {
  readonly #o: InboundOptions;
  readonly #checks: VoteChecks;

  constructor(options: InboundOptions) {
    this.#o = options;
    this.#checks = { verifier: options.verifier, roots: new VerifiedRoots() };
  }

  /** The message, when it is well-formed, of this federation and from who it says. */
  open(from: string, bytes: Uint8Array): FabricMessage | null {
    const decoded = decode(fabricTypes, bytes);
    if (!decoded.ok) return this.#drop(decoded.reason, from);
    const message = decoded.value;
    if (message.federation !== this.#o.federation) return this.#drop('foreign', from);
    if (message.from !== from || from === this.#o.self) return this.#drop('forged', from);
    const epoch = this.#o.epoch();
    if (!epoch.members.some(({ id }) => id === from)) return this.#drop('not-a-member', from);
    return message;
  }

  *votes({ from, votes }: Pick<TurnMessage, 'from' | 'votes'>): Iterable<SignedVote> {
    for (const vote of votes) {
      if (this.#verified(vote, from)) yield vote;
    }
  }

  *quorums(
    message: Pick<TurnMessage, 'from' | 'quorums'>,
  ): Iterable<{ instance: Instance; quorum: PrevoteQuorum }> {
    for (const { instance, quorum } of message.quorums) {
      // Each vote is good for the instance it names and for no other: ABORT is a value of all.
      if (!quorum.votes.every((vote) => isSame(vote.instance, instance))) {
        this.#drop('mixed-quorum', message.from);
      } else if (quorum.votes.every((vote) => this.#verified(vote, message.from)))
        yield { instance, quorum };
    }
  }

  *certificates(message: Pick<TurnMessage, 'from' | 'certificates'>): Iterable<Certificate> {
    for (const certificate of message.certificates) {
      const result = verifyCertificate(certificate, this.#o.epoch(), this.#checks);
      if (result.ok) yield certificate;
      else this.#drop('bad-certificate', message.from);
    }
  }

  *bodies(
    message: Pick<TurnMessage, 'from' | 'bodies'>,
  ): Iterable<{ digest: ValueId; bytes: Uint8Array }> {
    for (const body of message.bodies) {
      const bytes = decodeBase64(body.bytes);
      if (bytes && digestOf(bytes) === body.digest) yield { digest: body.digest, bytes };
      else this.#drop('bad-body', message.from);
    }
  }

  /** Whether a vote carries a valid signature of a member of the epoch in force. */
  #verified(vote: SignedVote, from: string): boolean {
    const epoch = this.#o.epoch();
    const member = epoch.members.find(({ id }) => id === vote.member);
    if (!member || vote.epoch !== epoch.epoch) {
      this.#drop('foreign-vote', from);
      return false;
    }
    const { federation } = this.#o;
    const ok = verifyVote(vote, { federation, publicKey: member.publicKey }, this.#checks);
    if (!ok) this.#drop('bad-signature', from);
    return ok;
  }

  #drop(reason: DropReason, from: string): null {
    this.#o.metrics.count('fabric_dropped_total', { reason });
    this.#o.log.debug({ reason, from }, 'fabric message dropped');
    if (!innocent.has(reason)) this.#o.blame(from);
    return null;
  }
}

function isSame(a: Instance, b: Instance): boolean {
  return a.tenant === b.tenant && a.target === b.target && a.version === b.version;
}

function decodeBase64(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch {
    return null;
  }
}
