import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawClimb } from '#gateway/console/src/components/audit/climb-drawing.ts';
import { climb } from '#gateway/console/src/components/audit/inclusion.ts';
import { climbOf, inspectReceipt } from '#gateway/console/src/components/audit/inspect.ts';
import { explainParts, refusalOf } from '#gateway/console/src/components/audit/parts.ts';
import { countSignatures } from '#gateway/console/src/components/audit/signatures.ts';
import { actorName, factsOf, idIn } from '#gateway/console/src/components/audit/steps.ts';
import { digestOf, toHex, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';
import { portableMlDsa44Verifier } from '#protocols/ml-dsa-portable.ts';
import { verifyDocument } from '#protocols/verify-document.ts';
import { certify } from '#test/support/federation-fixture.ts';
import { genesis, instance, manifest, receiptOf, signal } from '#test/support/receipt-fixture.ts';

const verifiers = { verifier: portableVerifier(), mlDsa44: portableMlDsa44Verifier() };
const { receipt, root } = receiptOf();
const bytes = canonicalBytes(receipt);
const trust = { root, verifiers };
const [first] = receipt.entries;

function provenAt(size: number, index: number) {
  if (!first) throw new Error('the fixture has entries');
  const entry = { ...first.entry, seq: index };
  const tree = new MerkleTree();
  for (let seq = 0; seq < size; seq += 1) {
    const other = utf8(`entry ${seq}`);
    tree.append(leafHash(seq === index ? canonicalBytes(entry) : other));
  }
  const path = tree.inclusionProof(index).map(toHex);
  return { proven: { entry, path }, head: { size, root: tree.root() } };
}

// Goal: the drawing shows what was computed. Method: real trees of any size, any leaf.
test('a climb computes level by level what ends at the signed root', () => {
  const place = fc
    .integer({ min: 1, max: 40 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));
  fc.assert(
    fc.property(place, ([size, index]) => {
      const { proven, head } = provenAt(size, index);
      const climbed = climb(proven, head);
      expect(climbed.holds).toBe(true);
      expect(climbed.computed).toBe(toHex(head.root));
      expect(climbed.steps.length).toBe(proven.path.length);
      for (const { from, to } of climbed.steps) {
        expect(from).toBeLessThanOrEqual(index);
        expect(to).toBeGreaterThanOrEqual(index);
      }
      const drawing = drawClimb(climbed);
      expect(drawing.boxes.length).toBe(2 * proven.path.length + 1);
      expect(drawing.boxes.at(-1)).toMatchObject({ kind: 'root', hash: climbed.computed, y: 0 });
      for (const box of drawing.boxes) {
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.y).toBeGreaterThanOrEqual(0);
        expect(box.y).toBeLessThan(drawing.height);
      }
    }),
  );
});

test('a changed entry or sibling climbs to another root, and a short path to none', () => {
  const { proven, head } = provenAt(7, 3);
  const changed = climb({ ...proven, entry: { ...proven.entry, reason: 'another' } }, head);
  expect(changed).toMatchObject({ holds: false });
  expect(changed.computed).not.toBe(changed.signed);
  const [, ...rest] = proven.path;
  expect(climb({ ...proven, path: ['0'.repeat(64), ...rest] }, head).holds).toBe(false);
  const short = climb({ ...proven, path: rest }, head);
  expect(short).toMatchObject({ holds: false, computed: null, steps: [] });
});

test('every check of every kind of document is explained', () => {
  const verified = verifyDocument(bytes, trust);
  expect(verified.ok).toBe(true);
  const parts = explainParts(verified);
  expect(parts.length).toBe(verified.checked.length);
  expect(parts.every(({ state, how }) => state === 'held' && how.length > 20)).toBe(true);
  const certificate = canonicalBytes(receipt.certificate);
  for (const document of [certificate, utf8(receipt.checkpoint)]) {
    const checked = verifyDocument(document, trust);
    expect(checked.ok).toBe(true);
    expect(explainParts(checked).every(({ how }) => how.length > 20)).toBe(true);
  }
});

test('a refused receipt names the field in words and lists what was not reached', () => {
  const tampered = { ...receipt, signals: [{ ...signal, score: 0.94 }] };
  const verified = verifyDocument(canonicalBytes(tampered), trust);
  expect(refusalOf(verified)).toMatch(/^This receipt does not hold at signals\.0: no signal entry/);
  const parts = explainParts(verified);
  expect(parts.find(({ state }) => state === 'refused')?.what).toBe('signals and risk');
  expect(parts.filter(({ state }) => state === 'not-reached').map(({ what }) => what)).toEqual([
    'dry-run',
    'gate',
    'approvals',
    'enactment',
    'order of steps',
  ]);
  expect(refusalOf(verifyDocument(bytes, trust))).toBeNull();
});

test('a file that is no document at all is refused in words', () => {
  const reasonOf = (document: Uint8Array) => refusalOf(verifyDocument(document, trust));
  expect(reasonOf(utf8('{'))).toBe('This receipt does not hold at encoding: it is not JSON.');
  expect(reasonOf(Uint8Array.of(0xff))).toContain('it is not text in UTF-8');
  const { region: _region, ...headless } = receipt;
  expect(reasonOf(canonicalBytes(headless))).toContain('has not the form it must have');
});

// Goal: nothing changed passes. Method: change one byte anywhere in a receipt that holds.
test('a receipt with one changed byte is refused', () => {
  const place = fc.integer({ min: 0, max: bytes.length - 1 });
  fc.assert(
    fc.property(place, fc.integer({ min: 1, max: 255 }), (at, change) => {
      const tampered = Uint8Array.from(bytes);
      tampered[at] = (tampered[at] ?? 0) ^ change;
      const verified = verifyDocument(tampered, trust);
      expect(verified.ok).toBe(false);
      expect(refusalOf(verified)).toMatch(/^This receipt does not hold at \S.*: \S.*\.$/);
    }),
    { numRuns: 60 },
  );
});

test('signatures are shown for every region: verified, refused, or not counted', () => {
  const value = digestOf(canonicalBytes(manifest));
  const whole = certify(['eu', 'us'], { instance, value });
  const stateOf = (certificate: typeof whole) =>
    countSignatures(certificate, genesis, verifiers.verifier);
  expect(stateOf(whole)).toMatchObject({
    quorum: 2,
    verified: 2,
    regions: [
      { region: 'ap', state: 'not-counted' },
      { region: 'eu', state: 'verified' },
      { region: 'us', state: 'verified' },
    ],
  });
  const [eu, us] = whole.signatures;
  if (!eu || !us) throw new Error('two regions signed');
  const swapped = stateOf({ ...whole, signatures: [eu, { ...us, proof: eu.proof }] });
  expect(swapped.verified).toBe(1);
  expect(swapped.regions[2]).toMatchObject({ region: 'us', state: 'refused' });
  const stranger = stateOf({ ...whole, signatures: [eu, { ...us, member: 'zz' }] });
  expect(stranger.regions[3]).toMatchObject({ region: 'zz', state: 'refused' });
});

test('a receipt is looked into without being believed', () => {
  const inspected = inspectReceipt(bytes, root);
  expect(inspected?.signatures?.verified).toBe(2);
  for (const { entry } of receipt.entries) {
    expect(inspected && climbOf(inspected, entry.seq)?.holds).toBe(true);
  }
  expect(inspected && climbOf(inspected, 1_000_000)).toBeNull();
  expect(inspectReceipt(utf8('{}'), root)).toBeNull();
  const beheaded = canonicalBytes({ ...receipt, checkpoint: 'nothing' });
  expect(inspectReceipt(beheaded, root)?.head).toBeNull();
});

test('an id is found in what a person pastes', () => {
  const id = 'a'.repeat(64);
  expect(idIn(` ${id}\n`)).toBe(id);
  expect(idIn(`https://quorate.example/#/decisions/${id}?x=1`)).toBe(id);
  expect(idIn(`sha256:${id}`)).toBe(id);
  expect(idIn('a'.repeat(65))).toBeNull();
  expect(idIn('acme/checkout')).toBeNull();
});

test('facts and actors read as words', () => {
  expect(actorName('person:alice')).toEqual({ kind: 'person', name: 'alice' });
  expect(
    factsOf({ costDelta: 40.5, waiting: false, approvers: '', value: `sha256:${'a'.repeat(64)}` }),
  ).toEqual([
    ['cost delta', '40.5'],
    ['waiting', 'no'],
    ['value', `sha256:${'a'.repeat(12)}…`],
  ]);
});
