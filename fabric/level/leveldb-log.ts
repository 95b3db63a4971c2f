/**
 * Reads LevelDB's log format, which its write-ahead logs and its MANIFEST share.
 *
 *   block := fragment* trailer                           32 KiB each
 *   fragment := masked crc32c u32, length u16, type u8 (1 full, 2 first, 3 middle, 4 last), data
 *
 * LevelDB itself skips what it cannot read and goes on, so a flipped byte costs records without
 * an error. This reader tells kinds of damage apart: a torn tail, which a crash may leave because
 * only the last record can be unsynced; a last record that is all there, yet changed; and damage
 * that is followed by valid records. Nothing but corruption explains the last two.
 *
 * Pure.
 */
import { concatBytes } from '#protocols/bytes.ts';
import { crc32c, unmaskCrc } from './crc32c.ts';

const blockBytes = 32_768;
const headerBytes = 7;
const sectorBytes = 512;
const full = 1;
const first = 2;
const middle = 3;
const last = 4;

export interface LogScan {
  /** The logical records before the damage, if any. */
  readonly records: readonly Uint8Array[];
  readonly damage: Damage | null;
}

export interface Damage {
  readonly at: number;
  /** Whole records follow: nothing but corruption leaves that. */
  readonly isFollowedByValid: boolean;
  /** A crash in the middle of the write explains it. */
  readonly isTorn: boolean;
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
      const isFollowedByValid = hasStartAfter(bytes, at + 1);
      return { records, damage: { at, isFollowedByValid, isTorn: looksTorn(bytes, at) } };
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
  if (!hasChecksum(bytes, at, end)) return null;
  return { type, data: bytes.subarray(at + headerBytes, end) };
}

/** Whether the fragment at that place, ending there, has the checksum that it names. */
function hasChecksum(bytes: Uint8Array, at: number, end: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4);
  return crc32c(bytes.subarray(at + 6, end)) === unmaskCrc(view.getUint32(0, true));
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

/**
 * A write that a crash cut short left the file ending inside its fragment, or a sector of zeros
 * that never reached the disk. A fragment that is all there and fails its checksum was whole
 * once: one of its bytes has changed since.
 */
function looksTorn(bytes: Uint8Array, at: number): boolean {
  if (at + headerBytes > bytes.length || hasZeroSector(bytes, at)) return true;
  const length = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
  const limit = Math.min(bytes.length, at + roomInBlock(at));
  if (at + headerBytes + length <= limit) return false;
  // It seems to go on beyond the end; unless it is the length field that changed.
  return !hasChecksum(bytes, at, limit);
}

function hasZeroSector(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at += sectorBytes - (at % sectorBytes)) {
    const end = at + sectorBytes - (at % sectorBytes);
    if (bytes.subarray(at, end).every((byte) => byte === 0)) return true;
  }
  return false;
}
