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
import { utf8 } from '#protocols/bytes.ts';
import { instanceKey } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import { type TurnMessage, turnBodiesMax, turnVotesMax } from '#protocols/messages/fabric.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';

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

/**
 * The encoded messages that carry the parts: one, or as many as the bounds ask for. A message
 * beyond them would be dropped by whoever gets it, every time it is repeated.
 */
export function turnMessages(
  head: Pick<TurnMessage, 'federation' | 'epoch' | 'from'>,
  parts: Parts,
): readonly Uint8Array[] {
  const lists = Object.values(parts);
  if (lists.every(({ length }) => length === 0)) return [];
  const isBounded =
    parts.votes.length <= turnVotesMax &&
    lists.every((list) => list === parts.votes || list.length <= turnBodiesMax);
  if (isBounded) {
    const bytes = utf8(JSON.stringify({ type: 'turn/1', ...head, ...parts }));
    if (bytes.length <= messageBytesMax) return [bytes];
  }
  return halves(parts).flatMap((half) => turnMessages(head, half));
}

/** Bodies go last: they are kept only by who has heard what names them. */
function halves(parts: Parts): readonly [Parts, Parts] {
  const { bodies, ...others } = parts;
  const isMixed = bodies.length > 0 && Object.values(others).some(({ length }) => length > 0);
  if (isMixed)
    return [
      { ...others, bodies: [] },
      { ...noParts, bodies },
    ];
  const isDivisible = Object.values(parts).some(({ length }) => length > 1);
  assert(isDivisible, 'one part of each kind fits a message');
  return [sliced(parts, (list) => [0, half(list)]), sliced(parts, (list) => [half(list)])];
}

type Range = readonly [start: number, end?: number];

function sliced(parts: Parts, rangeOf: (list: readonly unknown[]) => Range): Parts {
  return {
    votes: parts.votes.slice(...rangeOf(parts.votes)),
    quorums: parts.quorums.slice(...rangeOf(parts.quorums)),
    certificates: parts.certificates.slice(...rangeOf(parts.certificates)),
    bodies: parts.bodies.slice(...rangeOf(parts.bodies)),
    documents: parts.documents.slice(...rangeOf(parts.documents)),
    wants: parts.wants.slice(...rangeOf(parts.wants)),
  };
}

function half({ length }: readonly unknown[]): number {
  return Math.ceil(length / 2);
}

function slotKey({ instance, step }: Pick<UnsignedVote, 'instance' | 'step'>): string {
  return `${instanceKey(instance)}/${step}`;
}
