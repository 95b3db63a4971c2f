/**
 * The verifier itself: the project's own protocol code with portable cryptography. It is big,
 * so verify.ts loads it when somebody first asks.
 */
import { toHex } from '#protocols/bytes.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { parseTrustRoot } from '#protocols/epochs/trust.ts';
import { parseCheckpoint } from '#protocols/merkle/checkpoint.ts';
import { portableMlDsa44Verifier } from '#protocols/ml-dsa-portable.ts';
import { type Verification, verifyDocument } from '#protocols/verify-document.ts';

const verifiers = { verifier: portableVerifier(), mlDsa44: portableMlDsa44Verifier() };

/** The digest of the epoch's bytes, recomputed; throws for what is no trust root. */
export function fingerprintOf(trustRoot: Uint8Array): string {
  return rootIn(trustRoot).fingerprint;
}

export function verify(bytes: Uint8Array, trustRoot: Uint8Array): Verification {
  return verifyDocument(bytes, { root: rootIn(trustRoot), verifiers });
}

/** What an audit head says, whether it is signed or not; throws for what is none. */
export function headIn(text: string): { readonly origin: string; size: number; root: string } {
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) throw new Error(`the gateway's audit head is not one: ${parsed.reason}`);
  const { origin, size, root } = parsed.checkpoint;
  return { origin, size, root: toHex(root) };
}

function rootIn(bytes: Uint8Array) {
  const parsed = parseTrustRoot(bytes);
  if (parsed.ok) return parsed.root;
  throw new Error(`the gateway's trust root is not one: ${parsed.reason}`);
}
