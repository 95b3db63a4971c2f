/**
 * A turn in the making: what all steps of one turn ask for, joined.
 *
 * The host steps every waiting input, then performs the joined effects once: one synced batch,
 * one signature, one message (house rule; architecture 7, rules 1 and 2).
 */

import type { StoreOp } from '#fabric/ports.ts';
import type { BallotEffects, Evidence, UnsignedVote } from '#protocols/ballot/state.ts';
import { type Instance, instanceKey, type ValueId } from '#protocols/ids.ts';
import type { AuditDraft } from '#protocols/messages/audit.ts';
import type { PrevoteQuorum, SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Body } from '#protocols/messages/fabric.ts';
import type { HeldSince } from './vote-times.ts';

export interface Decided {
  readonly certificate: Certificate;
  readonly body: Uint8Array | null;
  /** Every vote held for the instance when it was decided, and since when. */
  readonly votes: readonly HeldSince[];
}

/** Parts of a message to one member, answering what it asked or seems to lack. */
export interface Reply {
  readonly certificates: Certificate[];
  readonly bodies: Body[];
  readonly documents: Envelope[];
}

export class Turn {
  readonly drafts: AuditDraft[] = [];
  readonly ops: StoreOp[] = [];
  /** Keys of ballots whose durable part changed. */
  readonly changed = new Set<string>();
  readonly votes: UnsignedVote[] = [];
  readonly certify: { readonly instance: Instance }[] = [];
  readonly decided: Decided[] = [];
  readonly judge: { readonly instance: Instance; readonly value: ValueId }[] = [];
  readonly evidence: Evidence[] = [];
  readonly documents: Envelope[] = [];
  /** From other regions: not verified yet. */
  readonly received: Envelope[] = [];
  /** Candidates seen for the first time: they are a step of the decision and audited. */
  readonly candidates: { readonly vote: SignedVote; readonly counter: boolean }[] = [];
  readonly repeated: SignedVote[] = [];
  readonly quorums: { readonly instance: Instance; readonly quorum: PrevoteQuorum }[] = [];
  readonly bodies = new Set<ValueId>();
  readonly wants = new Set<ValueId>();
  /** Called once the turn is durable. */
  readonly after: (() => void)[] = [];
  readonly #replies = new Map<string, Reply>();

  add(instance: Instance, effects: BallotEffects): void {
    if (effects.persist) this.changed.add(instanceKey(instance));
    this.votes.push(...effects.votes);
    if (effects.certify) this.certify.push({ instance });
    for (const vote of effects.repeat) {
      if (vote.proof) this.repeated.push({ ...vote, proof: vote.proof });
    }
    for (const quorum of effects.quorums) this.quorums.push({ instance, quorum });
    for (const value of effects.bodies) this.bodies.add(value);
    for (const value of effects.want) this.wants.add(value);
    for (const value of effects.judge) this.judge.push({ instance, value });
    this.evidence.push(...effects.evidence);
  }

  /** Takes over what another turn collected: effects of ballots, not yet performed. */
  take(other: Turn): void {
    this.ops.push(...other.ops);
    for (const key of other.changed) this.changed.add(key);
    this.votes.push(...other.votes);
    this.certify.push(...other.certify);
    this.judge.push(...other.judge);
    this.evidence.push(...other.evidence);
    this.repeated.push(...other.repeated);
    this.quorums.push(...other.quorums);
    for (const value of other.bodies) this.bodies.add(value);
    for (const value of other.wants) this.wants.add(value);
  }

  replyTo(member: string): Reply {
    const known = this.#replies.get(member);
    if (known) return known;
    const reply: Reply = { certificates: [], bodies: [], documents: [] };
    this.#replies.set(member, reply);
    return reply;
  }

  replies(): ReadonlyMap<string, Reply> {
    return this.#replies;
  }
}
