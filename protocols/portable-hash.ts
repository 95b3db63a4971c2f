/**
 * SHA-256 for every JavaScript engine (FIPS 180-4), by @noble/hashes.
 *
 * `#hash` resolves to this file in a browser and to fabric/keys/native-hash.ts in Node, where
 * the native function is about five times faster on the short inputs of the vote path. Both
 * give the same bytes; test/fabric/keys/native-hash.test.ts compares them. ADR 0006.
 *
 * Pure.
 */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** The SHA-256 digest (32 bytes) of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}
