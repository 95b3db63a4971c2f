/**
 * Which turn signatures were verified already, so that the many votes of a turn cost one check.
 *
 * Maps (member's key, signed bytes) to the verified signature; federation, epoch and member are
 * in the signed bytes. A hit counts only for the identical signature: anyone can pair signed
 * bytes with another signature, and that one was never verified. Only success is remembered.
 *
 * Bounded per member, so that one member cannot push out what another has said; oldest first.
 *
 * Pure: a cache, whose answers never differ from verifying again.
 */
import { toHex } from '../bytes.ts';
import type { VoteProof } from '../messages/ballot.ts';

interface Signed {
  readonly publicKey: string;
  readonly proof: Pick<VoteProof, 'signature'>;
}

/** A few turns of every open ballot; about 400 bytes each. */
const rootsPerMemberMax = 1024;
/** Members of the current and a few earlier epochs. */
const membersMax = 256;

export class VerifiedRoots {
  readonly #members = new Map<string, Map<string, string>>();
  readonly #perMemberMax: number;

  constructor(perMemberMax = rootsPerMemberMax) {
    this.#perMemberMax = perMemberMax;
  }

  has({ publicKey, proof }: Signed, message: Uint8Array): boolean {
    return this.#members.get(publicKey)?.get(toHex(message)) === proof.signature;
  }

  add({ publicKey, proof }: Signed, message: Uint8Array): void {
    const known = this.#members.get(publicKey) ?? new Map<string, string>();
    known.delete(toHex(message));
    known.set(toHex(message), proof.signature);
    dropOldest(known, this.#perMemberMax);
    this.#members.set(publicKey, known);
    dropOldest(this.#members, membersMax);
  }
}

/** A map keeps the order of insertion. */
function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
