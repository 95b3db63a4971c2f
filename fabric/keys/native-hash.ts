/** SHA-256 by Node's own crypto: what `#hash` resolves to outside a browser. ADR 0006. */
import { hash } from 'node:crypto';

/** The SHA-256 digest (32 bytes) of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
