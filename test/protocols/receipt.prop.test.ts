import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { verifyReceipt } from '#protocols/receipt.ts';
import { receiptOf } from '#test/support/receipt-fixture.ts';

const verifiers = { verifier: nativeVerifier(), mlDsa44: nativeMlDsa44Verifier() };
const { receipt, root } = receiptOf();
const bytes = canonicalBytes(receipt);

// Goal: every byte is covered. Method: change one byte anywhere to anything else.
test('a receipt with one changed byte is refused, and the answer names a field', () => {
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.with(at, ((bytes[at] ?? 0) + change) % 256);
      const answer = verifyReceipt(changed, root, verifiers);
      expect(answer.ok).toBe(false);
      expect(answer.ok || answer.field).not.toBe('');
    }),
    { numRuns: 150 },
  );
});

type Path = readonly (string | number)[];

/** Where the receipt holds a text or a number. */
function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]));
}

/** A copy with the leaf changed, mostly to something that still fits its schema. */
function withChanged(value: unknown, path: Path, seed: number): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return changedLeaf(value, seed);
  const members = Object.entries(value as Record<string, unknown>).map(
    ([name, member]) => [name, name === key ? withChanged(member, rest, seed) : member] as const,
  );
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

function changedLeaf(leaf: unknown, seed: number): unknown {
  if (typeof leaf === 'number') return leaf + 1;
  if (typeof leaf === 'boolean') return !leaf;
  if (typeof leaf !== 'string' || leaf === '') return 'x';
  const at = seed % leaf.length;
  const other = leaf[at] === '1' ? '2' : '1';
  return `${leaf.slice(0, at)}${other}${leaf.slice(at + 1)}`;
}

// Goal: the field named is where the change is. Method: change one value, spell it canonically,
// and compare paths: the named one leads to the changed one.
test('a receipt with one changed value is refused at a field that holds the change', () => {
  const leaves = leavesOf(receipt);
  fc.assert(
    fc.property(fc.constantFrom(...leaves), fc.nat(10_000), (path, seed) => {
      const changed = canonicalBytes(withChanged(receipt, path, seed));
      const answer = verifyReceipt(changed, root, verifiers);
      if (answer.ok) throw new Error(`${path.join('.')} is not covered`);
      expect(`${path.join('.')}.`).toContain(`${answer.field}.`);
      expect(path.join('.').startsWith(answer.field)).toBe(true);
    }),
    { numRuns: 150 },
  );
});
