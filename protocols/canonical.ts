/**
 * Canonical JSON (RFC 8785, JCS): one byte string for one value.
 *
 * ECMAScript's own number and string formatting is what the RFC prescribes; what is left is to
 * sort the members of every object by UTF-16 code units and to leave out white space. Values
 * that JSON cannot hold (undefined members, functions, non-finite numbers, lone surrogates) are
 * refused, not dropped: what is hashed must be all there is.
 *
 * Pure.
 */
import { assert } from './assert.ts';

const encoder = new TextEncoder();

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The canonical text of a JSON value. Members that are `undefined` are an error. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    assert(value.isWellFormed(), 'canonical JSON holds well-formed strings only');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'canonical JSON holds finite numbers only');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  assert(typeof value === 'object', `canonical JSON cannot hold a ${typeof value}`);
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .sort()
    .map((key) => `${canonical(key)}:${canonical(record[key])}`);
  return `{${members.join(',')}}`;
}

/** The canonical text as UTF-8 bytes. */
export function canonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(canonical(value));
}
