/**
 * When this region first held each vote, for people who look at a decision later.
 *
 * One entry in a weak map a vote and nothing else: it is on the way of every vote. A vote is
 * known by its proof, which ballots pass on unchanged however they copy the vote; what no ballot
 * holds is forgotten with it, so nothing here has to be bounded or cleaned up.
 */
import type { SignedVote, VoteProof } from '#protocols/messages/ballot.ts';

/** A vote, and when it was first held by the node's clock; null where nobody took note. */
export interface HeldSince {
  readonly vote: SignedVote;
  readonly at: number | null;
}

export class VoteTimes {
  readonly #at = new WeakMap<VoteProof, number>();

  note({ proof }: SignedVote, at: number): void {
    if (!this.#at.has(proof)) this.#at.set(proof, at);
  }

  since(vote: SignedVote): HeldSince {
    return { vote, at: this.#at.get(vote.proof) ?? null };
  }
}
