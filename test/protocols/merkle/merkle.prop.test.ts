import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, toHex, utf8 } from '#protocols/bytes.ts';
import {
  emptyRoot,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';

const sizeMax = 70;
const leaves = Array.from({ length: sizeMax }, (_, index) => leafHash(utf8(`entry ${index}`)));
const tree = new MerkleTree();
for (const leaf of leaves) tree.append(leaf);

const arbitraryLeafOfTree = fc
  .integer({ min: 1, max: sizeMax })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }));
const arbitrarySizes = fc
  .tuple(fc.nat(sizeMax), fc.nat(sizeMax))
  .map(([a, b]) => ({ older: Math.min(a, b), newer: Math.max(a, b) }));

// Goal: the tree is RFC 6962's. Method: section 2.1 as it stands, recursive and without cache.
test('root and both proofs are those of the definition, at every size', () => {
  for (let size = 0; size <= sizeMax; size += 1) {
    expect(toHex(tree.rootAt(size))).toBe(toHex(naiveRoot(leaves.slice(0, size))));
  }
  fc.assert(
    fc.property(arbitraryLeafOfTree, arbitrarySizes, ({ size, index }, { older, newer }) => {
      const path = naivePath(index, leaves.slice(0, size));
      expect(tree.inclusionProof(index, size).map(toHex)).toEqual(path.map(toHex));
      const expected = older === 0 ? [] : naiveProof(older, leaves.slice(0, newer), true);
      expect(tree.consistencyProof(older, newer).map(toHex)).toEqual(expected.map(toHex));
    }),
    { numRuns: 200 },
  );
});

test('an inclusion proof verifies for its leaf, index, size and root and for no others', () => {
  fc.assert(
    fc.property(arbitraryLeafOfTree, arbitraryLeafOfTree, ({ size, index }, other) => {
      const path = tree.inclusionProof(index, size);
      const root = tree.rootAt(size);
      const leaf = leaves[index] ?? emptyRoot();
      expect(verifyInclusion({ leaf, index, size }, path, root)).toBe(true);
      const isSame = other.size === size && other.index === index;
      const place = { leaf, ...other };
      expect(verifyInclusion(place, path, tree.rootAt(other.size))).toBe(isSame);
      expect(verifyInclusion({ leaf, index, size }, [...path, root], root)).toBe(false);
      expect(verifyInclusion({ leaf, index, size }, path.slice(1), root)).toBe(path.length === 0);
      expect(verifyInclusion({ leaf: root, index, size }, path, root)).toBe(size === 1);
    }),
    { numRuns: 200 },
  );
});

test('a consistency proof verifies for its two heads and for no others', () => {
  fc.assert(
    fc.property(arbitrarySizes, fc.nat(sizeMax), ({ older, newer }, size) => {
      const path = tree.consistencyProof(older, newer);
      const head = (at: number) => ({ size: at, root: tree.rootAt(at) });
      expect(verifyConsistency(head(older), head(newer), path)).toBe(true);
      expect(verifyConsistency(head(older), head(newer), [...path, emptyRoot()])).toBe(false);
      if (older === newer || older === 0) return;
      const forged = { size: older, root: nodeHash(emptyRoot(), emptyRoot()) };
      expect(verifyConsistency(forged, head(newer), path)).toBe(false);
      expect(verifyConsistency(head(newer), head(older), path)).toBe(false);
      if (size !== older && size !== 0 && size < newer) {
        const roots = { size: older, root: tree.rootAt(size) };
        expect(verifyConsistency(roots, head(newer), path)).toBe(false);
      }
      for (const hash of path) {
        const changed = path.map((one) => (equalBytes(one, hash) ? emptyRoot() : one));
        expect(verifyConsistency(head(older), head(newer), changed)).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function naiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [first] = entries;
  if (!first) return emptyRoot();
  if (entries.length === 1) return first;
  const k = largestPowerBelow(entries.length);
  return nodeHash(naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

function naivePath(index: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return index < k
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - k, right), naiveRoot(left)];
}

function naiveProof(m: number, entries: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (m === entries.length) return isWhole ? [] : [naiveRoot(entries)];
  const k = largestPowerBelow(entries.length);
  const [left, right] = [entries.slice(0, k), entries.slice(k)];
  return m <= k
    ? [...naiveProof(m, left, isWhole), naiveRoot(right)]
    : [...naiveProof(m - k, right, false), naiveRoot(left)];
}
