import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '#engine';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { concatBytes, fromHex, toBase64, utf8 } from '#protocols/bytes.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from '#protocols/merkle/checkpoint.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { portableMlDsa44Verifier } from '#protocols/ml-dsa-portable.ts';
import { testLogSigner } from '#test/support/keys.ts';

const signer = testLogSigner('eu');
const keys = { logKey: signer.publicKey, logKeyMlDsa44: signer.publicKeyMlDsa44 };
const head = { origin: 'quorate/acme/eu', size: 42, root: leafHash(utf8('a')) };
const signedAt = 1_800_000_000;
const text = signCheckpoint(head, signedAt, signer);
const native = { verifier: nativeVerifier(), mlDsa44: nativeMlDsa44Verifier() };
const portable = { verifier: portableVerifier(), mlDsa44: portableMlDsa44Verifier() };

function check(candidate: string, verifiers = native): boolean {
  const parsed = parseCheckpoint(candidate);
  return parsed.ok && verifyCheckpoint(parsed.checkpoint, keys, verifiers).ok;
}

test('a signed head is read back and verifies natively and portably', () => {
  const parsed = parseCheckpoint(text);
  expect(parsed).toMatchObject({
    ok: true,
    checkpoint: { origin: head.origin, size: 42, signedAt },
  });
  expect(parsed.ok && formatCheckpoint(parsed.checkpoint)).toBe(text);
  expect(check(text)).toBe(true);
  expect(check(text, portable)).toBe(true);
});

// Goal: anyone's tool can check our heads. Method: build the bytes of signed-note (type 0x01)
// and tlog-cosignature (type 0x06) here from their text and verify the lines with them.
test('the lines are those of C2SP signed-note and tlog-cosignature', () => {
  const lines = text.split('\n');
  expect(lines.slice(0, 4)).toEqual(['quorate/acme/eu', '42', toBase64(head.root), '']);
  expect(lines).toHaveLength(7);
  const blobs = lines.slice(4, 6).map((line) => {
    const [dash, name, blob] = line.split(' ');
    expect([dash, name]).toEqual(['—', head.origin]);
    return new Uint8Array(Buffer.from(blob ?? '', 'base64'));
  });
  const [ed25519 = new Uint8Array(), mlDsa44 = new Uint8Array()] = blobs;
  const id = (type: number, key: string) =>
    Uint8Array.from(
      sha256(concatBytes(utf8(`${head.origin}\n`), Uint8Array.of(type), fromHex(key))),
    ).slice(0, 4);
  expect(ed25519.slice(0, 4)).toEqual(id(1, keys.logKey));
  expect(mlDsa44.slice(0, 4)).toEqual(id(6, keys.logKeyMlDsa44));

  const note = utf8(`${lines.slice(0, 3).join('\n')}\n`);
  expect(native.verifier.verify(keys.logKey, note, ed25519.slice(4))).toBe(true);
  const uint64 = (value: number) => fromHex(value.toString(16).padStart(16, '0'));
  const name = concatBytes(Uint8Array.of(head.origin.length), utf8(head.origin));
  const label = fromHex('737562747265652f76310a00');
  const message = concatBytes(
    label,
    name,
    uint64(signedAt),
    name,
    uint64(0),
    uint64(42),
    head.root,
  );
  expect(mlDsa44.slice(4, 12)).toEqual(uint64(signedAt));
  expect(native.mlDsa44.verify(keys.logKeyMlDsa44, message, mlDsa44.slice(12))).toBe(true);
});

test('other spellings of the same head are refused', () => {
  const [body = '', signatures = ''] = text.split('\n\n');
  const [first = '', second = ''] = signatures.split('\n');
  const variants = [
    text.replace('\n42\n', '\n042\n'),
    text.replace('\n42\n', '\n42.0\n'),
    text.replace('\n42\n', '\n42\nextension\n'),
    text.replaceAll('\n', '\r\n'),
    text.slice(0, -1),
    `${text}\n`,
    `${body}\n\n${second}\n${first}\n`,
    `${body}\n\n${first}\n`,
    `${body}\n\n${second}\n`,
    `${body}\n\n${first}\n${first}\n`,
    `${text}${first}\n`,
    text.replace('— quorate/acme/eu', '— quorate/acme/us'),
    text.replace('—', '-'),
    text.replace('=\n\n', '\n\n'),
  ];
  expect(variants.filter((variant) => check(variant))).toEqual([]);
});

test('a head by another key or of another origin, size, root or time is refused', () => {
  const other = testLogSigner('us');
  const forged = [
    signCheckpoint(head, signedAt, other),
    signCheckpoint(head, signedAt, { ...signer, sign: other.sign }),
    signCheckpoint(head, signedAt, { ...signer, signMlDsa44: other.signMlDsa44 }),
    text.replaceAll('quorate/acme/eu', 'quorate/acme/us'),
    text.replace('\n42\n', '\n43\n'),
  ];
  expect(forged.filter((one) => check(one))).toEqual([]);
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  const later = formatCheckpoint({ ...parsed.checkpoint, signedAt: signedAt + 1 });
  expect(check(later)).toBe(false);
});

test('any one changed character of a head is refused', () => {
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 10, max: 126 }), (at, code) => {
      const character = String.fromCharCode(code);
      fc.pre(text[at] !== character);
      expect(check(`${text.slice(0, at)}${character}${text.slice(at + 1)}`)).toBe(false);
    }),
    { numRuns: 200 },
  );
});
