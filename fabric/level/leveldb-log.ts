/**
 * Reads LevelDB's log format, which its write-ahead logs and its MANIFEST share.
 *
 *   block := fragment* trailer                           32 KiB each
 *   fragment := masked crc32c u32, length u16, type u8 (1 full, 2 first, 3 middle, 4 last), data
 *
 * LevelDB itself skips what it cannot read and goes on, so a flipped byte costs records without
 * an error. This reader tells the two kinds of damage apart: a torn tail, which a crash may
 * leave because only the last record can be unsynced, and damage that is followed by valid
 * records, which nothing but corruption explains.
 *
 * Pure.
 */
import { concatBytes } from '#protocols/bytes.ts';
import { crc32c, unmaskCrc } from './crc32c.ts';

const blockBytes = 32_768;
const headerBytes = 7;
const full = 1;
const first = 2;
const middle = 3;
const last = 4;

export interface LogScan {
  /** The logical records before the damage, if any. */
  readonly records: readonly Uint8Array[];
  readonly damage: { readonly at: number; readonly isFollowedByValid: boolean } | null;
}

interface Fragment {
  readonly type: number;
  readonly data: Uint8Array;
}

export function scanLog(bytes: Uint8Array): LogScan {
  const records: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (roomInBlock(at) < headerBytes) {
      at += roomInBlock(at);
      continue;
    }
    const fragment = readFragment(bytes, at);
    if (fragment === null) {
      return { records, damage: { at, isFollowedByValid: hasStartAfter(bytes, at + 1) } };
    }
    if (fragment.type === full || fragment.type === first) parts = [];
    parts.push(fragment.data);
    if (fragment.type === full || fragment.type === last) records.push(concatBytes(...parts));
    at += headerBytes + fragment.data.length;
  }
  return { records, damage: null };
}

function roomInBlock(at: number): number {
  return blockBytes - (at % blockBytes);
}

/** Null when there is no intact fragment at that place. */
function readFragment(bytes: Uint8Array, at: number): Fragment | null {
  if (at + headerBytes > bytes.length) return null;
  const type = bytes[at + 6] as number;
  const length = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
  const end = at + headerBytes + length;
  if (type < full || type > last) return null;
  if (headerBytes + length > roomInBlock(at) || end > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4);
  if (crc32c(bytes.subarray(at + 6, end)) !== unmaskCrc(view.getUint32(0, true))) return null;
  return { type, data: bytes.subarray(at + headerBytes, end) };
}

/**
 * Whether a whole record starts anywhere behind the damage. The damaged length field may hide
 * where, so every offset is tried. Later fragments of the damaged record itself do not count:
 * the pages of one unsynced write may reach the disk in any order.
 */
function hasStartAfter(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at + headerBytes <= bytes.length; at += 1) {
    if (roomInBlock(at) < headerBytes) continue;
    const fragment = readFragment(bytes, at);
    if (fragment === null) continue;
    if (fragment.type !== middle && fragment.type !== last) return true;
    at += headerBytes + fragment.data.length - 1;
  }
  return false;
}
