import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toHex, utf8 } from '#protocols/bytes.ts';
import { leafHash, rootFromPath, verifyInclusion } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';

interface InclusionVector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly proof: readonly string[] | null;
  readonly desc: string;
  readonly wantErr: boolean;
}

const folder = new URL('../../vectors/merkle-inclusion/', import.meta.url);
const decode = (text: string | null) => new Uint8Array(Buffer.from(text ?? '', 'base64'));

test('the public inclusion vectors are answered as they say', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  const wrong = files.filter((name) => {
    const one = JSON.parse(
      readFileSync(new URL(encodeURI(name), folder), 'utf8'),
    ) as InclusionVector;
    const place = { leaf: decode(one.leafHash), index: one.leafIdx, size: one.treeSize };
    return verifyInclusion(place, (one.proof ?? []).map(decode), decode(one.root)) === one.wantErr;
  });
  expect(files.length).toBeGreaterThan(90);
  expect(wrong).toEqual([]);
});

test('the roots of the first seven entries of the reference implementation are met', () => {
  const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  const tree = new MerkleTree();
  for (const entry of entries) tree.append(leafHash(new Uint8Array(Buffer.from(entry, 'hex'))));
  expect(toHex(tree.rootAt(1))).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  );
  expect(toHex(tree.rootAt(7))).toBe(
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  );
});

test('a place outside its tree has no root', () => {
  const leaf = leafHash(utf8('a'));
  for (const [index, size] of [
    [1, 1],
    [-1, 1],
    [0, 0],
    [0.5, 1],
    [0, 2 ** 53],
  ] as const) {
    expect(rootFromPath({ leaf, index, size }, [])).toBeNull();
  }
});
