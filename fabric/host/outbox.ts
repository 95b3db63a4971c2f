/**
 * The outbox: one signature a turn, and the guard that no slot is signed twice.
 *
 * A slot is (instance, round, step). The guard remembers the newest slot signed for each step
 * of an open instance: the same slot again must be the identical vote, an older one is refused.
 * The ballot core never asks for either; this is the second lock on the same door, fed from
 * disk on start. Only votes past it enter the tree that is signed.
 */

import type { Signer } from '#fabric/ports.ts';
import { assert } from '#protocols/assert.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { signTurn } from '#protocols/ballot/vote.ts';
import { instanceKey } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import { type TurnMessage, turnBodiesMax, turnVotesMax } from '#protocols/messages/fabric.ts';

export class SlotGuard {
  readonly #newest = new Map<string, { readonly round: number; readonly value: string }>();

  /** Takes what was signed before this start. */
  restore(votes: readonly SignedVote[]): void {
    for (const vote of votes) {
      const known = this.#newest.get(slotKey(vote));
      if (!known || vote.round > known.round) this.#newest.set(slotKey(vote), vote);
    }
  }

  /** Asserts that signing the vote contradicts nothing signed before, and remembers it. */
  admit(vote: UnsignedVote): void {
    const { round, value } = vote;
    const known = this.#newest.get(slotKey(vote));
    assert(!known || round >= known.round, 'an older slot is never signed');
    assert(!known || round > known.round || value === known.value, 'a slot has one value');
    this.#newest.set(slotKey(vote), { round, value });
  }

  /** Slots go only with the instance's certificate. */
  forget(instance: UnsignedVote['instance']): void {
    for (const step of ['candidate', 'proposal', 'prevote', 'precommit'] as const) {
      this.#newest.delete(slotKey({ instance, step }));
    }
  }
}

/** Signs all votes of a turn with one signature. */
export function signVotes(options: {
  readonly federation: string;
  readonly epoch: number;
  readonly member: string;
  readonly votes: readonly UnsignedVote[];
  readonly guard: SlotGuard;
  readonly signer: Signer;
}): readonly SignedVote[] {
  const { federation, epoch, member, votes, guard, signer } = options;
  if (votes.length === 0) return [];
  for (const vote of votes) guard.admit(vote);
  return signTurn({ federation, epoch, member }, votes, signer);
}

type Parts = Omit<TurnMessage, 'type' | 'federation' | 'epoch' | 'from'>;

export const noParts: Parts = {
  votes: [],
  quorums: [],
  certificates: [],
  bodies: [],
  documents: [],
  wants: [],
};

/** The messages that carry the parts: one, or as many as the message bounds ask for. */
export function turnMessages(
  head: Pick<TurnMessage, 'federation' | 'epoch' | 'from'>,
  parts: Parts,
): readonly TurnMessage[] {
  const counts = [
    Math.ceil(parts.votes.length / turnVotesMax),
    ...[parts.quorums, parts.certificates, parts.bodies, parts.documents, parts.wants].map((part) =>
      Math.ceil(part.length / turnBodiesMax),
    ),
  ];
  return Array.from({ length: Math.max(...counts) }, (_, index) => ({
    type: 'turn/1' as const,
    ...head,
    votes: parts.votes.slice(index * turnVotesMax, (index + 1) * turnVotesMax),
    quorums: slice(parts.quorums, index),
    certificates: slice(parts.certificates, index),
    bodies: slice(parts.bodies, index),
    documents: slice(parts.documents, index),
    wants: slice(parts.wants, index),
  }));
}

function slice<T>(part: readonly T[], index: number): T[] {
  return part.slice(index * turnBodiesMax, (index + 1) * turnBodiesMax);
}

function slotKey({ instance, step }: Pick<UnsignedVote, 'instance' | 'step'>): string {
  return `${instanceKey(instance)}/${step}`;
}
