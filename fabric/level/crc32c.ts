/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) and LevelDB's mask over it.
 *
 * Node's zlib has only the IEEE polynomial. Four tables process four bytes a step, which is
 * quick enough to check a store's files while it opens.
 *
 * Pure.
 */

const polynomial = 0x82f63b78;
const maskDelta = 0xa282ead8;
const tables = buildTables();

/** The checksum of the bytes, going on from the checksum of what came before them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3] = tables;
  let crc = ~before;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= byteAt(bytes, at);
    crc ^= byteAt(bytes, at + 1) << 8;
    crc ^= byteAt(bytes, at + 2) << 16;
    crc ^= byteAt(bytes, at + 3) << 24;
    crc =
      entryOf(t3, crc) ^ entryOf(t2, crc >>> 8) ^ entryOf(t1, crc >>> 16) ^ entryOf(t0, crc >>> 24);
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ entryOf(t0, crc ^ byteAt(bytes, at));
  return ~crc >>> 0;
}

/** LevelDB stores checksums rotated and offset, so that a checksum of checksums stays useful. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - maskDelta) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function entryOf(table: Uint32Array, crc: number): number {
  return table[crc & 255] as number;
}

function buildTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  const next = (table: Uint32Array) =>
    table.map((crc) => (crc >>> 8) ^ (first[crc & 255] as number));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
