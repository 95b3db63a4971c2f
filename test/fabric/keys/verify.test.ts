import { readFileSync } from 'node:fs';
import { Point } from '@noble/ed25519';
import { describe, expect, test } from 'vitest';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { fromHex, toHex, utf8 } from '#protocols/bytes.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { isAdmissibleKey, portableVerifier } from '#protocols/ed25519-strict.ts';
import { portableMlDsa44Verifier } from '#protocols/ml-dsa-portable.ts';
import { testLogSigner, testSigner } from '#test/support/keys.ts';

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}
interface SpecCheck {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));
const wycheproof = read('wycheproof-ed25519.json') as Wycheproof;
const speccheck = read('ed25519-speccheck.json') as readonly SpecCheck[];

describe.each([
  ['native', nativeVerifier()],
  ['portable', portableVerifier()],
] as const)('the %s verifier', (_name, verifier) => {
  test('answers all wycheproof cases as they say', () => {
    const wrong = wycheproof.testGroups.flatMap(({ publicKey, tests }) =>
      tests.filter(
        ({ msg, sig, result }) =>
          verifier.verify(publicKey.pk, fromHex(msg), fromHex(sig)) !== (result === 'valid'),
      ),
    );
    expect(wycheproof.testGroups.flatMap(({ tests }) => tests)).toHaveLength(151);
    expect(wrong).toEqual([]);
  });

  test('accepts exactly one of the speccheck cases', () => {
    const accepted = speccheck.flatMap((one, index) =>
      verifier.verify(one.pub_key, fromHex(one.message), fromHex(one.signature)) ? [index] : [],
    );
    expect(speccheck).toHaveLength(12);
    expect(accepted).toEqual([3]);
  });

  test('has the name of the rule and refuses malformed keys without throwing', () => {
    expect(verifier.rule).toBe(signatureRule);
    const { publicKey, sign } = testSigner('a');
    const message = utf8('m');
    const signature = sign(message);
    expect(verifier.verify(publicKey, message, signature)).toBe(true);
    for (const key of ['', 'zz', publicKey.toUpperCase(), publicKey.slice(2), `${publicKey}00`]) {
      expect(verifier.verify(key, message, signature)).toBe(false);
    }
    // y = 2 is no point of the curve.
    expect(verifier.verify(`02${'00'.repeat(31)}`, message, signature)).toBe(false);
  });
});

test('a key enters an epoch only if it is canonical and free of torsion', () => {
  const { publicKey } = testSigner('a');
  expect(isAdmissibleKey(publicKey)).toBe(true);
  const torsion = Point.fromHex(
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    false,
  );
  const mixed = toHex(Point.fromHex(publicKey).add(torsion).toBytes());
  expect(isAdmissibleKey(mixed)).toBe(false);
  const admissible = speccheck.map(({ pub_key }) => isAdmissibleKey(pub_key));
  expect(admissible.flatMap((is, index) => (is ? [index] : []))).toEqual([6, 7]);
  expect(isAdmissibleKey(publicKey.toUpperCase())).toBe(false);
  expect(isAdmissibleKey(`02${'00'.repeat(31)}`)).toBe(false);
});

test('native and portable ML-DSA-44 accept the same signature and refuse a changed one', () => {
  const { publicKeyMlDsa44, signMlDsa44 } = testLogSigner('a');
  const message = utf8('a head');
  const signature = signMlDsa44(message);
  const changed = signature.with(100, (signature[100] ?? 0) ^ 1);
  for (const verifier of [nativeMlDsa44Verifier(), portableMlDsa44Verifier()]) {
    expect(verifier.verify(publicKeyMlDsa44, message, signature)).toBe(true);
    expect(verifier.verify(publicKeyMlDsa44, message, changed)).toBe(false);
    expect(verifier.verify(publicKeyMlDsa44, utf8('another head'), signature)).toBe(false);
    expect(verifier.verify(publicKeyMlDsa44.slice(2), message, signature)).toBe(false);
    expect(verifier.verify(publicKeyMlDsa44, message, signature.subarray(1))).toBe(false);
  }
});
