/**
 * SHA-256 (FIPS 180-4) and base64 for every JavaScript engine.
 *
 * `#engine` resolves to this file in a browser and to fabric/native-engine.ts in Node, where the
 * native functions are five to twenty times faster on the short inputs of the vote path. Both
 * give the same bytes; test/fabric/native-engine.test.ts compares them. ADR 0006.
 *
 * Pure.
 */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** Arguments of one call must fit the stack. */
const chunkBytes = 8192;

/** The SHA-256 digest (32 bytes) of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/** Padded base64 (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + chunkBytes));
  }
  return btoa(binary);
}

/** The bytes of valid base64; what is not valid gives bytes that encode differently, or throws. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
