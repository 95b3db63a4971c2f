/**
 * The handshake: what two members must agree on before they listen to each other.
 *
 * Members that accept different signatures, or that speak another version, could hold different
 * certificates for one instance. They refuse each other by name instead of guessing.
 *
 * Pure.
 */
import { signatureRule } from './crypto.ts';
import type { Hello } from './messages/fabric.ts';

/** Raised whenever a message or a rule changes so that an older region could misread it. */
export const protocolVersion = 1;

export function helloOf(
  who: { readonly federation: string; readonly from: string },
  isLeaving = false,
): Hello {
  return { type: 'hello/1', ...who, protocolVersion, signatureRule, isLeaving };
}

/** Why the two cannot talk, for people; null when they can. */
export function refusalOf(hello: Hello, federation: string): string | null {
  if (hello.federation !== federation) {
    return `it belongs to the federation ${hello.federation}, we to ${federation}`;
  }
  if (hello.protocolVersion !== protocolVersion) {
    return `it speaks protocol version ${hello.protocolVersion}, we ${protocolVersion}`;
  }
  if (hello.signatureRule !== signatureRule) {
    return `it accepts signatures by ${hello.signatureRule}, we by ${signatureRule}`;
  }
  return null;
}
