/**
 * Signers for a simulated region: fast stand-ins, or real Ed25519.
 *
 * Verifying real signatures would be most of a run, and the acceptance rule has tests of its
 * own. The stand-in's signature is a hash keyed with the public key: whoever computes it could
 * forge, which no member of a world does, and a changed message or key is still refused. Public
 * keys are real points on the curve, so that epochs and rosters check them as in production.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '#engine';
import type { LogSigner, Signer } from '#fabric/ports.ts';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '#protocols/bytes.ts';
import { type MlDsa44Verifier, signatureRule, type Verifier } from '#protocols/crypto.ts';

export type SignerKind = 'fake' | 'ed25519';

/** RFC 8410: the DER before the 32 bytes of a private or a public key. */
const privatePrefix = fromHex('302e020100300506032b657004220420');
const publicPrefix = fromHex('302a300506032b6570032100');
const mlDsa44KeyBytes = 1312;
const mlDsa44SignatureBytes = 2420;

export interface Verifiers {
  readonly verifier: Verifier;
  readonly mlDsa44Verifier: MlDsa44Verifier;
}

/** The signer whose key follows from the name; the same name has the same key in every world. */
export function simSigner(kind: SignerKind, name: string): Signer {
  const key = privateKeyOf(name);
  const publicKey = publicKeyOf(key);
  return {
    publicKey,
    sign: (message) =>
      kind === 'fake' ? expand(publicKey, message, 64) : new Uint8Array(sign(null, message, key)),
  };
}

/** ML-DSA-44 is always the stand-in: nothing in a world depends on its algebra. */
export function simLogSigner(kind: SignerKind, name: string): LogSigner {
  const { publicKey, sign: signMessage } = simSigner(kind, `${name}/log`);
  const seed = toHex(sha256(utf8(`quorate/sim/ml-dsa-44/${name}`)));
  const publicKeyMlDsa44 = toHex(expand(seed, utf8('public key'), mlDsa44KeyBytes));
  return {
    publicKey,
    sign: signMessage,
    publicKeyMlDsa44,
    signMlDsa44: (message) => expand(keyIdOf(publicKeyMlDsa44), message, mlDsa44SignatureBytes),
  };
}

/** What accepts exactly the signatures of simSigner() and simLogSigner() of the same kind. */
export function simVerifiers(kind: SignerKind): Verifiers {
  return {
    verifier: { rule: signatureRule, verify: kind === 'fake' ? verifyFake : verifyReal() },
    mlDsa44Verifier: {
      verify: (publicKey, message, signature) =>
        equalBytes(signature, expand(keyIdOf(publicKey), message, mlDsa44SignatureBytes)),
    },
  };
}

function verifyFake(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  return equalBytes(signature, expand(publicKey, message, 64));
}

function verifyReal(): Verifier['verify'] {
  const keys = new Map<string, KeyObject>();
  return (publicKey, message, signature) => {
    const known = keys.get(publicKey) ?? publicKeyFrom(publicKey);
    keys.set(publicKey, known);
    return verify(null, message, known, signature);
  };
}

function keyIdOf(publicKeyMlDsa44: string): string {
  return publicKeyMlDsa44.slice(0, 64);
}

/** So many bytes that depend on every byte of key and message. */
function expand(publicKey: string, message: Uint8Array, length: number): Uint8Array {
  const digest = sha256(concatBytes(fromHex(publicKey), message));
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += digest.length) {
    bytes.set(digest.subarray(0, Math.min(digest.length, length - at)), at);
  }
  return bytes;
}

function privateKeyOf(name: string): KeyObject {
  const der = concatBytes(privatePrefix, sha256(utf8(`quorate/sim/ed25519/${name}`)));
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return toHex(new Uint8Array(der.subarray(publicPrefix.length)));
}

function publicKeyFrom(publicKey: string): KeyObject {
  const der = concatBytes(publicPrefix, fromHex(publicKey));
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
}
