/**
 * An append-only Merkle tree (RFC 6962, section 2.1), in memory, rebuilt from leaf hashes.
 *
 * Every full subtree's hash is kept, so nothing that was computed is computed again:
 *
 *   full[2]   [h0..3]                      with 7 leaves
 *   full[1]   [h01] [h23] [h45]
 *   full[0]   [0] [1] [2] [3] [4] [5] [6]
 *
 * Appending, the root of this or any earlier size, and both kinds of proof cost O(log n). Only
 * nodes at the right edge are not full; those are put together when asked for. A leaf costs 64
 * bytes. How proofs are checked is in proof.ts.
 *
 * Deterministic, no I/O.
 */
import { assert, required } from '../assert.ts';
import { emptyRoot, hashBytes, nodeHash } from './proof.ts';

export class MerkleTree {
  readonly #full: HashList[] = [new HashList()];

  /** How many leaves there are. */
  get size(): number {
    return this.#level(0).length;
  }

  /** Adds a leaf by its hash and returns its index. */
  append(leaf: Uint8Array): number {
    assert(leaf.length === hashBytes, 'a leaf hash has 32 bytes');
    const index = this.size;
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const list = this.#level(level);
      list.push(hash);
      if (list.length % 2 === 1) return index;
      hash = nodeHash(list.at(list.length - 2), hash);
    }
  }

  root(): Uint8Array {
    return this.rootAt(this.size);
  }

  /** The root when the tree had `size` leaves. */
  rootAt(size: number): Uint8Array {
    assert(Number.isInteger(size) && size >= 0 && size <= this.size, 'a size the tree has had');
    if (size === 0) return emptyRoot();
    let height = 0;
    while (2 ** height < size) height += 1;
    return this.#node({ level: height, index: 0, size });
  }

  /** The path from a leaf to the root of the tree of `size` leaves. */
  inclusionProof(leaf: number, size = this.size): Uint8Array[] {
    assert(size <= this.size && leaf >= 0 && leaf < size, 'a leaf of a tree that was');
    return this.#siblings({ level: 0, index: leaf, size });
  }

  /** The path that shows that the tree of `older` leaves is the beginning of that of `newer`. */
  consistencyProof(older: number, newer = this.size): Uint8Array[] {
    assert(older >= 0 && older <= newer && newer <= this.size, 'two sizes the tree has had');
    if (older === 0 || older === newer) return [];
    let level = 0;
    let index = older - 1;
    while (index % 2 === 1) {
      index = (index - 1) / 2;
      level += 1;
    }
    const siblings = this.#siblings({ level, index, size: newer });
    return index === 0 ? siblings : [this.#level(level).at(index), ...siblings];
  }

  /** The siblings on the way up from a node, in a tree of `size` leaves. */
  #siblings(from: Node): Uint8Array[] {
    const path: Uint8Array[] = [];
    const { size } = from;
    let { index } = from;
    for (let level = from.level; 2 ** level < size; level += 1) {
      const sibling = index % 2 === 1 ? index - 1 : index + 1;
      if (sibling * 2 ** level < size) path.push(this.#node({ level, index: sibling, size }));
      index = Math.floor(index / 2);
    }
    return path;
  }

  /** The hash over the leaves that a node spans, as far as the tree of `size` leaves reaches. */
  #node({ level, index, size }: Node): Uint8Array {
    if ((index + 1) * 2 ** level <= size) return this.#level(level).at(index);
    const left = this.#node({ level: level - 1, index: 2 * index, size });
    if ((2 * index + 1) * 2 ** (level - 1) >= size) return left;
    return nodeHash(left, this.#node({ level: level - 1, index: 2 * index + 1, size }));
  }

  #level(level: number): HashList {
    if (level === this.#full.length) this.#full.push(new HashList());
    return required(this.#full[level], 'levels are added one by one');
  }
}

interface Node {
  readonly level: number;
  readonly index: number;
  /** Of the tree that is looked at. */
  readonly size: number;
}

/** Hashes side by side in one buffer: an array object for each would cost three times as much. */
class HashList {
  #bytes = new Uint8Array(64 * hashBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(hash: Uint8Array): void {
    const start = this.#length * hashBytes;
    if (start === this.#bytes.length) {
      const larger = new Uint8Array(2 * start);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, start);
    this.#length += 1;
  }

  at(index: number): Uint8Array {
    assert(index >= 0 && index < this.#length, 'a hash that was pushed');
    return this.#bytes.slice(index * hashBytes, (index + 1) * hashBytes);
  }
}
