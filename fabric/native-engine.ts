/** SHA-256 and base64 by Node itself: what `#engine` resolves to outside a browser. ADR 0006. */
import { hash } from 'node:crypto';

/** The SHA-256 digest (32 bytes) of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** Padded base64 (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** The bytes of valid base64; what is not valid gives bytes that encode differently. */
export function decodeBase64(text: string): Uint8Array {
  // A copy: a Buffer's slice() shares memory, and callers expect a plain array.
  return new Uint8Array(Buffer.from(text, 'base64'));
}
