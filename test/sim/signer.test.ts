import { expect, test } from 'vitest';
import { fromHex, utf8 } from '#protocols/bytes.ts';
import { isStrictKey } from '#protocols/ed25519-strict.ts';
import { simLogSigner, simSigner, simVerifiers } from '#sim/signer.ts';

for (const kind of ['fake', 'ed25519'] as const) {
  test(`${kind} signatures verify, and not for another key or message`, () => {
    const { verifier } = simVerifiers(kind);
    const [east, west] = [simSigner(kind, 'east'), simSigner(kind, 'west')];
    const signature = east.sign(utf8('a vote'));
    expect(verifier.verify(east.publicKey, utf8('a vote'), signature)).toBe(true);
    expect(verifier.verify(west.publicKey, utf8('a vote'), signature)).toBe(false);
    expect(verifier.verify(east.publicKey, utf8('another'), signature)).toBe(false);
    expect(east.sign(utf8('a vote'))).toEqual(signature);
  });

  test(`${kind} audit heads carry two signatures that verify`, () => {
    const { verifier, mlDsa44Verifier } = simVerifiers(kind);
    const log = simLogSigner(kind, 'east');
    const head = utf8('a head');
    expect(verifier.verify(log.publicKey, head, log.sign(head))).toBe(true);
    const signature = log.signMlDsa44(head);
    expect(mlDsa44Verifier.verify(log.publicKeyMlDsa44, head, signature)).toBe(true);
    expect(mlDsa44Verifier.verify(log.publicKeyMlDsa44, utf8('x'), signature)).toBe(false);
    expect(log.publicKeyMlDsa44).toHaveLength(2624);
  });
}

test('keys are ones that an epoch accepts and differ by purpose', () => {
  const keys = [simSigner('fake', 'east').publicKey, simLogSigner('fake', 'east').publicKey];
  expect(keys.every((key) => isStrictKey(fromHex(key)))).toBe(true);
  expect(new Set(keys).size).toBe(2);
});
