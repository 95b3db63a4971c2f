/**
 * ML-DSA-44 (FIPS 204, pure, empty context) for every JavaScript engine, by
 * @noble/post-quantum. Node uses its native one: fabric/keys/verify.ts.
 *
 * Pure.
 */
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { fromHex } from './bytes.ts';
import type { MlDsa44Verifier } from './crypto.ts';

export const mlDsa44KeyBytes = 1312;
export const mlDsa44SignatureBytes = 2420;
const keyPattern = /^[0-9a-f]{2624}$/;

/** Whether key and signature have the lengths of FIPS 204, table 2. */
export function fitsMlDsa44(publicKey: string, signature: Uint8Array): boolean {
  return keyPattern.test(publicKey) && signature.length === mlDsa44SignatureBytes;
}

export function portableMlDsa44Verifier(): MlDsa44Verifier {
  return {
    verify(publicKey, message, signature) {
      if (!fitsMlDsa44(publicKey, signature)) return false;
      return ml_dsa44.verify(signature, message, fromHex(publicKey));
    },
  };
}
