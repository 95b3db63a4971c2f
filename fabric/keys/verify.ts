/**
 * The strict Ed25519 rule on Node's native verifier, and native ML-DSA-44.
 *
 * The pre-checks are those of protocols/ed25519-strict.ts; what they let through is what
 * native verifiers agree on. Making a key object costs about as much as a verification, so the
 * objects of recent keys are kept. A self-test runs when a verifier is made: a Node whose
 * OpenSSL decides otherwise must not take part.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { assert } from '#protocols/assert.ts';
import { concatBytes, fromHex, utf8 } from '#protocols/bytes.ts';
import { type MlDsa44Verifier, signatureRule, type Verifier } from '#protocols/crypto.ts';
import { isStrictKey, isStrictSignature, keyFromHex } from '#protocols/ed25519-strict.ts';
import { fitsMlDsa44 } from '#protocols/ml-dsa-portable.ts';
import { ed25519SelfTest } from './self-test.ts';

/** Members, approvers and edges of a large federation; about 1 KiB each. */
const keysMax = 4096;
/** DER of a SubjectPublicKeyInfo up to the key (RFC 8410; RFC 9881 for ML-DSA). */
const ed25519Prefix = fromHex('302a300506032b6570032100');
const mlDsa44Prefix = fromHex('30820532300b06096086480165030403110382052100');

/** Verifies with OpenSSL under the strict rule; throws when OpenSSL fails the self-test. */
export function nativeVerifier(): Verifier {
  const keys = keyCache((publicKey) => {
    const key = keyFromHex(publicKey);
    return key && isStrictKey(key) ? publicKeyOf(ed25519Prefix, key) : null;
  });
  const verifier: Verifier = {
    rule: signatureRule,
    verify(publicKey, message, signature) {
      if (!isStrictSignature(signature)) return false;
      const key = keys(publicKey);
      return key !== null && verify(null, message, key, signature);
    },
  };
  for (const { name, publicKey, message, signature, isValid } of ed25519SelfTest) {
    const found = verifier.verify(publicKey, fromHex(message), fromHex(signature));
    assert(found === isValid, `this Node's Ed25519 follows ${signatureRule}: ${name}`);
  }
  return verifier;
}

/** ML-DSA-44 (FIPS 204, pure, empty context) by OpenSSL. */
export function nativeMlDsa44Verifier(): MlDsa44Verifier {
  const keys = keyCache((publicKey) => publicKeyOf(mlDsa44Prefix, fromHex(publicKey)));
  const verifier: MlDsa44Verifier = {
    verify(publicKey, message, signature) {
      if (!fitsMlDsa44(publicKey, signature)) return false;
      const key = keys(publicKey);
      return key !== null && verify(null, message, key, signature);
    },
  };
  const zeros = (length: number) => '00'.repeat(length);
  const forged = verifier.verify(zeros(1312), utf8('self-test'), fromHex(zeros(2420)));
  assert(!forged, 'ML-DSA-44 refuses a signature of zeros');
  return verifier;
}

function publicKeyOf(prefix: Uint8Array, key: Uint8Array): KeyObject | null {
  try {
    const der = Buffer.from(concatBytes(prefix, key));
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null; // not a key by OpenSSL's account
  }
}

/** Key objects by public key; the one not used for longest goes first. */
function keyCache(make: (publicKey: string) => KeyObject | null) {
  const known = new Map<string, KeyObject | null>();
  return (publicKey: string): KeyObject | null => {
    const found = known.get(publicKey);
    if (found !== undefined) {
      known.delete(publicKey);
      known.set(publicKey, found);
      return found;
    }
    const made = make(publicKey);
    known.set(publicKey, made);
    const [oldest] = known.keys();
    if (known.size > keysMax && oldest !== undefined) known.delete(oldest);
    return made;
  };
}
