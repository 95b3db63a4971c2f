/**
 * The strict Ed25519 rule: which keys and signatures are looked at at all, and the equation.
 *
 * RFC 8032 leaves open what verifiers do with small-order points, other spellings of a point,
 * and whether the cofactor counts; libraries differ ("Taming the many EdDSAs", Chalkias,
 * Garillot, Nikolaenko, 2020). Here every verifier first refuses S >= L and A and R that are
 * not canonical or have low order, and then checks S*B = R + k*A without cofactor, comparing R
 * as bytes, as OpenSSL does. The name of the rule is `signatureRule` in crypto.ts.
 *
 * A key with a torsion component passes these checks but not `isAdmissibleKey`, which is asked
 * once, when a key enters an epoch. The fast native verifier is fabric/keys/verify.ts.
 *
 * Pure.
 */
import { Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, fromHex } from './bytes.ts';
import { signatureRule, type Verifier } from './crypto.ts';

export const publicKeyBytes = 32;
export const signatureBytes = 64;

/** The order of the prime-order subgroup (RFC 8032, section 5.1). */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const orderBytes = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** The y coordinates of the eight points of low order; the sign of x is not part of them. */
const lowOrder = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex);

/** Whether a verifier may look at this public key: canonical and not of low order. */
export function isStrictKey(key: Uint8Array): boolean {
  return key.length === publicKeyBytes && isStrictPoint(key);
}

/** Whether a verifier may look at this signature: S < L, R canonical and not of low order. */
export function isStrictSignature(signature: Uint8Array): boolean {
  return (
    signature.length === signatureBytes &&
    isBelowOrder(signature.subarray(publicKeyBytes)) &&
    isStrictPoint(signature.subarray(0, publicKeyBytes))
  );
}

/** The bytes of a key in hex, or null for anything that is not 32 bytes in lower-case hex. */
export function keyFromHex(publicKey: string): Uint8Array | null {
  return /^[0-9a-f]{64}$/.test(publicKey) ? fromHex(publicKey) : null;
}

/** Whether the key may enter an epoch: a canonical point of the prime-order subgroup. */
export function isAdmissibleKey(publicKey: string): boolean {
  const key = keyFromHex(publicKey);
  if (!key || !isStrictKey(key)) return false;
  try {
    return Point.fromBytes(key, false).isTorsionFree();
  } catch {
    return false; // not a point of the curve
  }
}

/** The rule on @noble/ed25519's curve: for browsers, and to check the native verifier against. */
export function portableVerifier(): Verifier {
  return {
    rule: signatureRule,
    verify(publicKey, message, signature) {
      const key = keyFromHex(publicKey);
      if (!key || !isStrictKey(key) || !isStrictSignature(signature)) return false;
      return satisfiesEquation(key, message, signature);
    },
  };
}

/** R = S*B - k*A as bytes. Noble's own verify() multiplies by the cofactor and accepts more. */
function satisfiesEquation(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, publicKeyBytes);
  const s = littleEndian(signature.subarray(publicKeyBytes));
  const k = littleEndian(sha512(concatBytes(r, key, message))) % order;
  let negated: Point;
  try {
    negated = Point.fromBytes(key, false).negate();
  } catch {
    return false; // not a point of the curve
  }
  const expected = Point.BASE.multiply(s, false).add(negated.multiply(k, false));
  return equalBytes(expected.toBytes(), r);
}

function isStrictPoint(encoded: Uint8Array): boolean {
  return !hasLargeY(encoded) && !lowOrder.some((point) => equalsExceptSign(encoded, point));
}

/** y >= p = 2^255 - 19, another spelling of y - p. x = 0 with a sign has low order anyway. */
function hasLargeY(encoded: Uint8Array): boolean {
  if ((encoded[31] ?? 0) % 128 !== 127 || (encoded[0] ?? 0) < 0xed) return false;
  for (let index = 1; index < 31; index += 1) if (encoded[index] !== 0xff) return false;
  return true;
}

function equalsExceptSign(encoded: Uint8Array, point: Uint8Array): boolean {
  for (let index = 0; index < 31; index += 1) if (encoded[index] !== point[index]) return false;
  return (encoded[31] ?? 0) % 128 === point[31];
}

function isBelowOrder(scalar: Uint8Array): boolean {
  for (let index = 31; index >= 0; index -= 1) {
    const difference = (scalar[index] ?? 0) - (orderBytes[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
