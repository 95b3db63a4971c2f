/**
 * Bytes as text and back: lower-case hex and padded base64, each with exactly one spelling.
 *
 * A decoder accepts only what its encoder writes, so no two texts mean the same bytes and a
 * changed character is always a changed value.
 *
 * Pure.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { decodeBase64, encodeBase64, sha256 } from '#engine';
import { QuorateError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const hexPattern = /^(?:[0-9a-f]{2})*$/;

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of valid UTF-8 bytes; throws a TypeError on anything else. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

export function fromHex(text: string): Uint8Array {
  if (!hexPattern.test(text)) throw new QuorateError('invalid-input', 'not lower-case hex');
  return hexToBytes(text);
}

export function toBase64(bytes: Uint8Array): string {
  return encodeBase64(bytes);
}

export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new QuorateError('invalid-input', 'not base64');
  const bytes = decodeOrEmpty(text);
  // Also catches other alphabets, and stray bits in the last character: one value, one spelling.
  if (encodeBase64(bytes) !== text) throw new QuorateError('invalid-input', 'not canonical base64');
  return bytes;
}

function decodeOrEmpty(text: string): Uint8Array {
  try {
    return decodeBase64(text);
  } catch {
    return new Uint8Array(); // not base64: encodes to another text
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** `sha256:` and 64 hex digits: the content id of the bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${toHex(sha256(bytes))}`;
}
