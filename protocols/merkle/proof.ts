/**
 * Proofs over an append-only Merkle tree (RFC 6962, section 2.1; RFC 9162, 2.1.3 and 2.1.4).
 *
 * An inclusion path leads from one leaf to the root of a tree of a known size; a consistency
 * path shows that a smaller tree is the beginning of a larger one. How long a path must be
 * follows from index and size alone, and a path of any other length is refused: otherwise one
 * fact would have many proofs.
 *
 *   level 2        r            A level is the one below, paired from the left; a last node
 *   level 1     a     c         without a partner moves up as it is. That gives the tree of the
 *   level 0    0 1    2         RFC, whose left part is the largest full tree.
 *
 * Sizes may pass 2^32, so halving is division, never a shift. Pure.
 */
import { sha256 } from '#engine';
import { equalBytes } from '../bytes.ts';

const leafPrefix = 0x00;
const nodePrefix = 0x01;
export const hashBytes = 32;

/** The root of the empty tree: the hash of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

/** The hash of an entry as a leaf. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input[0] = leafPrefix;
  input.set(entry, 1);
  return sha256(input);
}

/** The hash of an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * hashBytes);
  input[0] = nodePrefix;
  input.set(left, 1);
  input.set(right, 1 + hashBytes);
  return sha256(input);
}

/** A leaf, by its hash, at its place in a tree. */
export interface Place {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
}

/** The root that the path leads to, or null when the path does not fit the place. */
export function rootFromPath(place: Place, path: readonly Uint8Array[]): Uint8Array | null {
  if (!isPlace(place.index, place.size) || place.leaf.length !== hashBytes) return null;
  let hash = place.leaf;
  let used = 0;
  let index = place.index;
  for (let width = place.size; width > 1; width = Math.ceil(width / 2)) {
    const isRight = index % 2 === 1;
    if (isRight || index + 1 < width) {
      const sibling = path[used];
      if (sibling?.length !== hashBytes) return null;
      hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
      used += 1;
    }
    index = Math.floor(index / 2);
  }
  return used === path.length ? hash : null;
}

/** Whether the path proves that the leaf is in the tree with the given root. */
export function verifyInclusion(
  place: Place,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const found = rootFromPath(place, path);
  return found !== null && equalBytes(found, root);
}

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the path proves that the older tree is the beginning of the newer one. */
export function verifyConsistency(
  older: TreeHead,
  newer: TreeHead,
  path: readonly Uint8Array[],
): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) return false;
  if (path.some((hash) => hash.length !== hashBytes)) return false;
  if (older.size === newer.size) return path.length === 0 && equalBytes(older.root, newer.root);
  if (older.size === 0) return path.length === 0 && equalBytes(older.root, emptyRoot());
  const roots = rootsFromConsistency(older, newer.size, path);
  return (
    roots !== null && equalBytes(roots.older, older.root) && equalBytes(roots.newer, newer.root)
  );
}

/**
 * Both roots from one path. It starts at the largest full tree that ends with the older tree;
 * if that is the whole older tree, its root is known and the path leaves it out. From there up,
 * left siblings belong to both trees, right siblings to the newer one only.
 */
function rootsFromConsistency(
  older: TreeHead,
  newerSize: number,
  path: readonly Uint8Array[],
): { older: Uint8Array; newer: Uint8Array } | null {
  let index = older.size - 1;
  let width = newerSize;
  while (index % 2 === 1) {
    index = (index - 1) / 2;
    width = Math.ceil(width / 2);
  }
  let used = index === 0 ? 0 : 1;
  const start = index === 0 ? older.root : path[0];
  if (start?.length !== hashBytes) return null;
  let oldHash = start;
  let newHash = start;
  for (; width > 1; width = Math.ceil(width / 2)) {
    const isRight = index % 2 === 1;
    if (isRight || index + 1 < width) {
      const sibling = path[used];
      if (!sibling) return null;
      if (isRight) oldHash = nodeHash(sibling, oldHash);
      newHash = isRight ? nodeHash(sibling, newHash) : nodeHash(newHash, sibling);
      used += 1;
    }
    index = Math.floor(index / 2);
  }
  return used === path.length ? { older: oldHash, newer: newHash } : null;
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

function isPlace(index: number, size: number): boolean {
  return isSize(size) && Number.isSafeInteger(index) && index >= 0 && index < size;
}
