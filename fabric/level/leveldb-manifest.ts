/**
 * Reads what a LevelDB MANIFEST says is live: the tables, and the oldest log still needed.
 *
 * A MANIFEST is a log of version edits; each is a list of tagged fields (LevelDB's
 * doc/impl.md and db/version_edit.cc). Only what the folder check needs is kept.
 *
 * Pure.
 */

export interface LiveFiles {
  /** Size in bytes by file number. */
  readonly tables: ReadonlyMap<number, number>;
  /** Logs with a lower number are obsolete, except `previousLog`. Null before the first edit. */
  readonly log: number | null;
  readonly previousLog: number;
}

interface Draft {
  readonly tables: Map<number, number>;
  log: number | null;
  previousLog: number;
}

/** Null when a record is not a version edit. */
export function replayManifest(records: readonly Uint8Array[]): LiveFiles | null {
  const draft: Draft = { tables: new Map(), log: null, previousLog: 0 };
  for (const record of records) {
    const reader = new VarintReader(record);
    while (!reader.isAtEnd) applyField(draft, reader);
    if (reader.isBroken) return null;
  }
  return draft;
}

function applyField(draft: Draft, reader: VarintReader): void {
  const tag = reader.varint();
  switch (tag) {
    case 1: // comparator
      reader.skipBytes();
      break;
    case 2:
      draft.log = reader.varint();
      break;
    case 3: // next file number
    case 4: // last sequence
      reader.varint();
      break;
    case 5: // compaction pointer: level, key
      reader.varint();
      reader.skipBytes();
      break;
    case 6: // deleted file: level, number
      reader.varint();
      draft.tables.delete(reader.varint());
      break;
    case 7: {
      reader.varint(); // level
      const number = reader.varint();
      draft.tables.set(number, reader.varint());
      reader.skipBytes(); // smallest key
      reader.skipBytes(); // largest key
      break;
    }
    case 9:
      draft.previousLog = reader.varint();
      break;
    default:
      reader.fail();
  }
}

/** Reads base-128 numbers; once broken it stays at its end. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  isBroken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get at(): number {
    return this.#at;
  }

  /** Numbers up to 2^53 are exact, which file numbers and sizes never reach. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.fail();
    return 0;
  }

  /** Skips a length-prefixed field. */
  skipBytes(): void {
    this.skip(this.varint());
  }

  skip(length: number): void {
    if (this.#at + length > this.#bytes.length) this.fail();
    else this.#at += length;
  }

  fail(): void {
    this.isBroken = true;
    this.#at = this.#bytes.length;
  }
}
