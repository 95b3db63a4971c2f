/**
 * Pictures of a user interface in 256 colours: a third of the size, and no difference to see.
 * Reads what a browser writes: eight bits a channel, not interlaced.
 */
import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';

/** The eight bytes that every PNG begins with. */
const signatureBytes = 8;
/** Length and type before a chunk's data, a checksum after it. */
const chunkHeadBytes = 8;
const checksumBytes = 4;
const paletteMax = 256;
const truecolour = 2;
const indexed = 3;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

export function withPalette(png: Buffer): Buffer {
  const chunks = chunksOf(png);
  const header = Buffer.from(chunks[0]?.data ?? []);
  const [width, height, depth, colours] = [
    header.readUInt32BE(0),
    header.readUInt32BE(4),
    header[8],
    header[9],
  ];
  if (depth !== 8 || colours !== truecolour) return png;
  const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  const pixels = unfilter(inflateSync(Buffer.concat(packed)), width, height);
  const { palette, indices } = paletteOf(pixels);
  // Each line begins with its filter: none, which is best where a byte names a colour.
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    lines.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  header[9] = indexed;
  const written: readonly Chunk[] = [
    { type: 'IHDR', data: header },
    { type: 'PLTE', data: palette },
    { type: 'IDAT', data: deflateSync(lines, { level: constants.Z_BEST_COMPRESSION }) },
    { type: 'IEND', data: Buffer.alloc(0) },
  ];
  return Buffer.concat([png.subarray(0, signatureBytes), ...written.map(bytesOf)]);
}

function chunksOf(png: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = signatureBytes; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const from = at + chunkHeadBytes;
    chunks.push({
      type: png.toString('latin1', at + 4, from),
      data: png.subarray(from, from + length),
    });
    at = from + length + checksumBytes;
  }
  return chunks;
}

function bytesOf({ type, data }: Chunk): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(checksumBytes)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, checksum]);
}

/** Three bytes a pixel, without the filters (PNG specification, section 9). */
function unfilter(lines: Buffer, width: number, height: number): Buffer {
  const stride = width * 3;
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = lines[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x >= 3 ? (pixels[at - 3] ?? 0) : 0;
      const up = y > 0 ? (pixels[at - stride] ?? 0) : 0;
      const corner = x >= 3 && y > 0 ? (pixels[at - stride - 3] ?? 0) : 0;
      const raw = lines[y * (stride + 1) + 1 + x] ?? 0;
      pixels[at] = raw + predicted(filter, { left, up, corner });
    }
  }
  return pixels;
}

function predicted(
  filter: number,
  { left, up, corner }: { readonly left: number; readonly up: number; readonly corner: number },
): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [byLeft, byUp] = [Math.abs(up - corner), Math.abs(left - corner)];
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** A palette for these pixels, and for every pixel the nearest colour of it. */
function paletteOf(pixels: Buffer): { readonly palette: Buffer; readonly indices: Buffer } {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = pixels.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const frequent = [...counts].toSorted((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const chosen = chooseColours(frequent);
  const nearest = new Map(frequent.map((colour) => [colour, nearestOf(colour, chosen).index]));
  const palette = Buffer.alloc(chosen.length * 3);
  for (const [index, colour] of chosen.entries()) palette.writeUIntBE(colour, index * 3, 3);
  const indices = Buffer.alloc(pixels.length / 3);
  for (let index = 0; index < indices.length; index += 1) {
    indices[index] = nearest.get(pixels.readUIntBE(index * 3, 3)) ?? 0;
  }
  return { palette, indices };
}

/**
 * The most frequent ones that are so far apart that there is room for the rare ones too: a small
 * dot says as much as a large surface.
 */
function chooseColours(frequent: readonly number[]): readonly number[] {
  for (let apart = 0; ; apart = apart * 2 + 1) {
    const chosen: number[] = [];
    for (const colour of frequent) {
      if (chosen.length > paletteMax) break;
      if (nearestOf(colour, chosen).distance > apart) chosen.push(colour);
    }
    if (chosen.length <= paletteMax) return chosen;
  }
}

/** The distance is squared, and infinite where there is nothing to be near to. */
function nearestOf(
  colour: number,
  chosen: readonly number[],
): { readonly index: number; readonly distance: number } {
  let nearest = { index: 0, distance: Number.POSITIVE_INFINITY };
  for (const [index, other] of chosen.entries()) {
    const distance = [16, 8, 0].reduce(
      (sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2,
      0,
    );
    if (distance < nearest.distance) nearest = { index, distance };
  }
  return nearest;
}
