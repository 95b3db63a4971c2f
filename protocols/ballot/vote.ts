/**
 * Votes as bytes, and the one signature a turn that covers them (architecture 4.5).
 *
 *   41 bytes   00 | step | round, 4 bytes | 000000 | digest, 32 bytes
 *
 * The first byte is the Merkle leaf prefix, so a leaf is hashed as it lies. The digest names
 * federation, instance and value; with a judgement on a prevote it covers that too. A region
 * signs the root over all votes of a turn once, and each vote carries its inclusion path, so it
 * can be relayed, stored and checked alone. Whoever checks a vote brings the member's key from
 * an epoch: a vote names its member, never a key.
 *
 * Only votes past the slot guard may enter a turn; that is the host's duty. Pure.
 */
import { sha256 } from '#engine';
import { assert } from '../assert.ts';
import { concatBytes, fromHex, toHex, utf8 } from '../bytes.ts';
import { canonical } from '../canonical.ts';
import type { Verifier } from '../crypto.ts';
import { decisionBytes } from '../ids.ts';
import { nodeHash, rootFromPath } from '../merkle/proof.ts';
import {
  type Judgement,
  pathMax,
  type SignedVote,
  type VoteProof,
  type VoteStep,
} from '../messages/ballot.ts';
import type { UnsignedVote } from './state.ts';
import type { VerifiedRoots } from './verified-roots.ts';

const votesTag = 'quorate/votes/1';
const judgedTag = 'quorate/judged/1';
const leafBytes = 41;
const stepBytes: Readonly<Record<VoteStep, number>> = {
  candidate: 1,
  proposal: 2,
  prevote: 3,
  precommit: 4,
};

/** Who signs a turn. */
export interface TurnAuthor {
  readonly federation: string;
  readonly epoch: number;
  readonly member: string;
}

export interface TurnSigner {
  sign(message: Uint8Array): Uint8Array;
}

/** What checks signatures: the verifier, and what it has already verified. */
export interface VoteChecks {
  readonly verifier: Verifier;
  readonly roots?: VerifiedRoots;
}

/** Signs all votes of a turn with one signature. */
export function signTurn(
  author: TurnAuthor,
  votes: readonly UnsignedVote[],
  signer: TurnSigner,
): readonly SignedVote[] {
  if (votes.length === 0) return [];
  assert(votes.length <= 2 ** pathMax, 'a turn has at most 2^16 votes');
  const levels = levelsOf(votes.map((vote) => sha256(voteLeaf(author.federation, vote))));
  const root = levels.at(-1)?.[0];
  assert(root !== undefined, 'a tree with leaves has a root');
  const message = turnBytes(author, votes.length, root);
  const signature = toHex(signer.sign(message));
  return votes.map(({ instance, step, round, value, judgement }, index) => ({
    member: author.member,
    epoch: author.epoch,
    instance,
    step,
    round,
    value,
    ...(judgement && { judgement }),
    proof: { leafCount: votes.length, index, path: pathOf(levels, index), signature },
  }));
}

/** Whether the member, whose key its epoch gives, signed this vote. Never throws. */
export function verifyVote(
  vote: SignedVote,
  of: { readonly federation: string; readonly publicKey: string },
  checks: VoteChecks,
): boolean {
  if (!isSignable(vote)) return false;
  const { member, epoch, proof } = vote;
  const leaf = voteLeaf(of.federation, vote);
  return verifyLeaf({ ...of, member, epoch, leaf, proof }, checks);
}

export interface ProvenLeaf extends TurnAuthor {
  readonly publicKey: string;
  readonly leaf: Uint8Array;
  readonly proof: VoteProof;
}

/** Whether the proof leads from the leaf to a root that the member signed. */
export function verifyLeaf(claim: ProvenLeaf, checks: VoteChecks): boolean {
  const { leafCount, index, path, signature } = claim.proof;
  if (leafCount > 2 ** pathMax || path.length > pathMax) return false;
  const place = { leaf: sha256(claim.leaf), index, size: leafCount };
  const root = rootFromPath(place, path.map(fromHex));
  if (!root) return false;
  const message = turnBytes(claim, leafCount, root);
  if (checks.roots?.has(claim, message)) return true;
  const isValid = checks.verifier.verify(claim.publicKey, message, fromHex(signature));
  if (isValid) checks.roots?.add(claim, message);
  return isValid;
}

/** The 41 bytes that stand for a vote. */
export function voteLeaf(federation: string, vote: UnsignedVote): Uint8Array {
  assert(isSignable(vote), 'only a prevote carries a judgement, and its text is well-formed');
  const leaf = new Uint8Array(leafBytes);
  leaf[1] = stepBytes[vote.step];
  new DataView(leaf.buffer).setUint32(2, vote.round);
  leaf.set(voteDigest(federation, vote), leafBytes - 32);
  return leaf;
}

function voteDigest(federation: string, vote: UnsignedVote): Uint8Array {
  const decision = decisionBytes(federation, vote.instance, vote.value);
  if (!vote.judgement) return decision;
  const judgement = sha256(utf8(canonical(vote.judgement)));
  return sha256(concatBytes(utf8(judgedTag), decision, judgement));
}

/** Outside a prevote a judgement would travel unsigned; ill-formed text has no canonical bytes. */
function isSignable({ step, judgement }: { step: VoteStep; judgement?: Judgement }): boolean {
  if (!judgement) return true;
  return step === 'prevote' && judgement.reasons.every((reason) => reason.isWellFormed());
}

/** What a member signs. Texts carry their length, numbers their width: no two turns share bytes. */
export function turnBytes(author: TurnAuthor, leafCount: number, root: Uint8Array): Uint8Array {
  const { federation, epoch, member } = author;
  return concatBytes(
    prefixed(votesTag),
    prefixed(federation),
    uint32(epoch),
    prefixed(member),
    uint32(leafCount),
    root,
  );
}

function prefixed(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Every level of the tree, leaves first. A node without a partner moves up as it is. */
function levelsOf(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; ) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = level.slice(index, index + 2);
      if (left) above.push(right ? nodeHash(left, right) : left);
    }
    levels.push(above);
    level = above;
  }
  return levels;
}

function pathOf(levels: readonly (readonly Uint8Array[])[], leaf: number): string[] {
  const path: string[] = [];
  let index = leaf;
  for (const level of levels) {
    const sibling = level[index ^ 1];
    if (sibling) path.push(toHex(sibling));
    index >>= 1;
  }
  return path;
}
