import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { fromHex, toHex } from '#protocols/bytes.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { testSigner } from '#test/support/keys.ts';

const oddPoints = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
].map(fromHex);

const arbitraryBytes32 = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.constantFrom(...oddPoints),
);
const arbitraryMutation = fc.oneof(
  fc.record({ type: fc.constant('none' as const) }),
  fc.record({
    type: fc.constantFrom('key' as const, 'signature' as const, 'message' as const),
    bit: fc.nat(511),
  }),
  fc.record({
    type: fc.constantFrom('replace-key' as const, 'replace-r' as const, 'replace-s' as const),
    bytes: arbitraryBytes32,
  }),
);

// Goal: one rule everywhere (architecture 4.5). Method: signatures, mutated in key, R, S and
// message, also by odd points; both verifiers answer, and only the unmutated may be accepted.
test('the native and the portable verifier agree on every input', () => {
  const native = nativeVerifier();
  const portable = portableVerifier();
  fc.assert(
    fc.property(
      fc.constantFrom('a', 'b', 'c'),
      fc.uint8Array({ minLength: 64, maxLength: 80 }),
      arbitraryMutation,
      (name, message, mutation) => {
        const signer = testSigner(name);
        const parts = {
          key: fromHex(signer.publicKey),
          signature: Uint8Array.from(signer.sign(message)),
          message: message.slice(),
        };
        mutate(parts, mutation);
        const key = toHex(parts.key);
        const accepted = native.verify(key, parts.message, parts.signature);
        expect(portable.verify(key, parts.message, parts.signature)).toBe(accepted);
        if (mutation.type === 'none') expect(accepted).toBe(true);
        if ('bit' in mutation) expect(accepted).toBe(false);
      },
    ),
    { numRuns: 150 },
  );
});

interface Parts {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
}

function mutate(
  parts: Parts,
  mutation: typeof arbitraryMutation extends fc.Arbitrary<infer M> ? M : never,
) {
  if ('bit' in mutation) {
    const part = parts[mutation.type];
    const bit = mutation.bit % (part.length * 8);
    part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  } else if ('bytes' in mutation) {
    if (mutation.type === 'replace-key') parts.key.set(mutation.bytes);
    else parts.signature.set(mutation.bytes, mutation.type === 'replace-r' ? 0 : 32);
  }
}
