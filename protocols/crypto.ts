/**
 * The signature port of the pure core, and the name of the one acceptance rule.
 *
 * Libraries disagree on odd keys and signatures; a certificate must not be valid in one region
 * and not in the next. The rule: refuse S >= L, non-canonical or low-order A and R, then the
 * cofactorless equation. Peers compare the rule's name when they meet. Architecture 4.5.
 *
 * Pure.
 */

export const signatureRule = 'quorate-ed25519-strict/1';

/** Verifies Ed25519 under the strict rule; false for anything wrong, never an exception. */
export interface Verifier {
  readonly rule: typeof signatureRule;
  verify(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean;
}

/** ML-DSA-44 (FIPS 204), for audit checkpoints only. */
export interface MlDsa44Verifier {
  verify(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean;
}
