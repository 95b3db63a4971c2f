/**
 * Checks every block of a LevelDB table against its checksum.
 *
 *   data block*, filter block?, metaindex block, index block, footer (48 bytes)
 *   block := contents, type u8 (0 plain), masked crc32c u32 over contents and type
 *
 * LevelDB does not verify table checksums when it reads; a damaged index block can hide data
 * blocks without an error. Only uncompressed tables are read: the store turns compression off.
 *
 * Pure.
 */
import { crc32c, unmaskCrc } from './crc32c.ts';
import { VarintReader } from './leveldb-manifest.ts';

const footerBytes = 48;
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;

interface Handle {
  readonly at: number;
  readonly size: number;
}

/** Null when every block is intact, otherwise what is wrong. */
export function tableDamage(bytes: Uint8Array): string | null {
  const footerAt = bytes.length - footerBytes;
  if (footerAt < 0) return 'it is too short for a table';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getBigUint64(bytes.length - 8, true) !== magic) return 'its footer is damaged';
  const reader = new VarintReader(bytes.subarray(footerAt, bytes.length - 8));
  const roots = [readHandle(reader), readHandle(reader)];
  if (reader.isBroken) return 'its footer is damaged';
  for (const root of roots) {
    const damage = indexDamage(bytes, footerAt, root);
    if (damage !== null) return damage;
  }
  return null;
}

/** Checks an index block and the blocks it names. */
function indexDamage(bytes: Uint8Array, end: number, root: Handle): string | null {
  const damage = blockDamage(bytes, end, root);
  if (damage !== null) return damage;
  const handles = handlesIn(bytes.subarray(root.at, root.at + root.size));
  if (handles === null) return `its index at byte ${root.at} cannot be read`;
  for (const handle of handles) {
    const inner = blockDamage(bytes, end, handle);
    if (inner !== null) return inner;
  }
  return null;
}

function blockDamage(bytes: Uint8Array, end: number, { at, size }: Handle): string | null {
  const typeAt = at + size;
  if (typeAt + trailerBytes > end) return `its block at byte ${at} lies outside the file`;
  const view = new DataView(bytes.buffer, bytes.byteOffset + typeAt + 1, 4);
  const isIntact = crc32c(bytes.subarray(at, typeAt + 1)) === unmaskCrc(view.getUint32(0, true));
  return isIntact ? null : `its block at byte ${at} fails its checksum`;
}

/** The values of an index block: entries of (shared, unshared, value length, key, value). */
function handlesIn(block: Uint8Array): Handle[] | null {
  if (block.length < 4) return null;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const restarts = view.getUint32(block.length - 4, true);
  const end = block.length - 4 - restarts * 4;
  if (end < 0) return null;
  const reader = new VarintReader(block.subarray(0, end));
  const handles: Handle[] = [];
  while (!reader.isAtEnd) {
    reader.varint();
    const keyBytes = reader.varint();
    const valueEnd = reader.varint() + keyBytes;
    const keyAt = reader.at;
    reader.skip(keyBytes);
    handles.push(readHandle(reader));
    if (reader.at - keyAt !== valueEnd) return null;
  }
  return reader.isBroken ? null : handles;
}

function readHandle(reader: VarintReader): Handle {
  return { at: reader.varint(), size: reader.varint() };
}
