/**
 * The record: one batch of the store as bytes.
 *
 *   [seq u64][previous record's hash 32][count u32]
 *   ([key length u16][key utf-8][value length u32, or ffffffff for a delete][value]) * count
 *   [SHA-256 of everything before 32]
 *
 * Each record carries its number and the hash of the one before, so a missing, changed or
 * swapped record cannot go unnoticed; LevelDB by itself opens without error when a flipped byte
 * has cost it records. Record 0 holds the identity of the store.
 *
 * Pure.
 */
import { sha256 } from '#engine';
import { assert } from '#protocols/assert.ts';
import { equalBytes, toHex, utf8 } from '#protocols/bytes.ts';
import type { StoreHead, StoreOp } from '../ports.ts';

/** The largest record: a turn of 4 MiB messages joined with the turns that waited for it. */
export const recordBytesMax = 64 * 1024 * 1024;
/** Where the first operation starts. */
export const recordHeaderBytes = 8 + 32 + 4;
export const hashBytes = 32;
const keyBytesMax = 65_535;
const deleted = 0xffffffff;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One operation within a block or record; `at` is where its value starts. */
export interface EncodedOp {
  readonly key: string;
  /** Null for a delete. */
  readonly value: { readonly at: number; readonly length: number } | null;
}

/** The operations of one commit, ready to be joined with others into a record. */
export interface OpsBlock {
  readonly bytes: Uint8Array;
  readonly ops: readonly EncodedOp[];
}

export interface DecodedRecord {
  readonly seq: number;
  readonly previous: Uint8Array;
  readonly hash: Uint8Array;
  readonly ops: readonly EncodedOp[];
}

/** Hash of "the record before record 0". */
export const noHash: Uint8Array = new Uint8Array(hashBytes);

export function headOf(record: DecodedRecord): StoreHead {
  return { seq: record.seq, hash: toHex(record.hash) };
}

/** Copies the operations into one block, so that the caller's buffers are free afterwards. */
export function encodeOps(ops: readonly StoreOp[]): OpsBlock {
  const keys = ops.map((op) => utf8('put' in op ? op.put : op.del));
  let length = 0;
  ops.forEach((op, index) => {
    length += 2 + (keys[index]?.length ?? 0) + 4 + ('put' in op ? op.value.length : 0);
  });
  assert(length <= recordBytesMax, 'a commit fits into one record');
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const encoded: EncodedOp[] = [];
  let at = 0;
  ops.forEach((op, index) => {
    const keyBytes = keys[index] as Uint8Array;
    const key = 'put' in op ? op.put : op.del;
    assert(keyBytes.length > 0 && keyBytes.length <= keyBytesMax, 'a key has 1 to 65,535 bytes');
    assert(key.isWellFormed(), 'a key is well-formed text');
    view.setUint16(at, keyBytes.length);
    bytes.set(keyBytes, at + 2);
    at += 2 + keyBytes.length;
    view.setUint32(at, 'put' in op ? op.value.length : deleted);
    at += 4;
    encoded.push({ key, value: 'put' in op ? { at, length: op.value.length } : null });
    if (!('put' in op)) return;
    bytes.set(op.value, at);
    at += op.value.length;
  });
  return { bytes, ops: encoded };
}

/** Joins blocks, in order, into the record that follows `previous`. */
export function encodeRecord(
  seq: number,
  previous: Uint8Array,
  blocks: readonly OpsBlock[],
): Uint8Array {
  assert(Number.isSafeInteger(seq) && seq >= 0, 'a batch number is a safe integer');
  const body = blocks.reduce((sum, block) => sum + block.bytes.length, 0);
  const bytes = new Uint8Array(recordHeaderBytes + body + hashBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(seq));
  bytes.set(previous, 8);
  view.setUint32(
    40,
    blocks.reduce((sum, block) => sum + block.ops.length, 0),
  );
  let at = recordHeaderBytes;
  for (const block of blocks) {
    bytes.set(block.bytes, at);
    at += block.bytes.length;
  }
  bytes.set(sha256(bytes.subarray(0, at)), at);
  return bytes;
}

/** Whether the bytes are still record `seq`, whose operations were decoded once before. */
export function isRecord(bytes: Uint8Array, seq: number): boolean {
  if (!hasItsHash(bytes)) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) === BigInt(seq);
}

/** Null when the bytes are not exactly one record with a matching hash. */
export function decodeRecord(bytes: Uint8Array): DecodedRecord | null {
  if (!hasItsHash(bytes)) return null;
  const end = bytes.length - hashBytes;
  const hash = new Uint8Array(bytes.subarray(end));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const seq = view.getBigUint64(0);
  if (seq > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const ops = decodeOps(bytes, view, end);
  if (ops === null || ops.length !== view.getUint32(40)) return null;
  return { seq: Number(seq), previous: new Uint8Array(bytes.subarray(8, 40)), hash, ops };
}

function hasItsHash(bytes: Uint8Array): boolean {
  if (bytes.length < recordHeaderBytes + hashBytes) return false;
  const end = bytes.length - hashBytes;
  return equalBytes(bytes.subarray(end), sha256(bytes.subarray(0, end)));
}

function decodeOps(bytes: Uint8Array, view: DataView, end: number): EncodedOp[] | null {
  const ops: EncodedOp[] = [];
  let at = recordHeaderBytes;
  while (at < end) {
    if (at + 2 > end) return null;
    const keyEnd = at + 2 + view.getUint16(at);
    if (keyEnd + 4 > end) return null;
    const key = decodeKey(bytes.subarray(at + 2, keyEnd));
    if (key === null) return null;
    const length = view.getUint32(keyEnd);
    at = keyEnd + 4;
    if (length === deleted) {
      ops.push({ key, value: null });
      continue;
    }
    if (at + length > end) return null;
    ops.push({ key, value: { at, length } });
    at += length;
  }
  return ops;
}

function decodeKey(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
