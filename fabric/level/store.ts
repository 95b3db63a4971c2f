/**
 * The store of a region: a log of batch records over LevelDB, with an index in memory.
 *
 *   LevelDB     b<seq, 16 hex digits> -> record (record.ts), one synced put a batch
 *   memory      key -> (seq, position), sorted keys for scans, recently used records
 *
 * Nothing is ever overwritten, so LevelDB's compaction only moves files and one key range is
 * the whole history. Opening reads every record in order and refuses a gap, a wrong number, a
 * wrong hash or a foreign identity. An orderly stop seals the folder (seal.ts); without a seal
 * the files are checked before LevelDB may touch them (folder-check.ts), and at most the tail
 * can be missing, which `unclean` announces.
 *
 * Compaction of the log, when it comes, is one synced LevelDB batch: a snapshot record
 * s<seq> with all live keys and the hash of record seq is put and the records up to seq are
 * deleted; opening starts from the snapshot and goes on with record seq + 1.
 */
import { realpath } from 'node:fs/promises';
import { Level } from 'level';
import { assert, required } from '#protocols/assert.ts';
import { fromUtf8 } from '#protocols/bytes.ts';
import { canonical, canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import { makeFolderDurably } from '../files.ts';
import type { ScanRange, Store, StoreHead, StoreOp } from '../ports.ts';
import { type Batch, CommitQueue } from './commit-queue.ts';
import { corrupt } from './corrupt.ts';
import { checkFolder, hasContent, levelFiles } from './folder-check.ts';
import { LogIndex, type Slot } from './log-index.ts';
import { decodeRecord, encodeOps, encodeRecord, headOf, isRecord, noHash } from './record.ts';
import { RecordCache } from './record-cache.ts';
import { checkSeal, readSeal, removeSeal, type StoreIdentity, writeSeal } from './seal.ts';

export interface LevelStoreOptions {
  readonly folder: string;
  readonly identity: StoreIdentity;
  /** Memory for recently used records. */
  readonly cacheBytesMax?: number;
}

type Database = Level<string, Uint8Array>;

interface Opened {
  readonly folder: string;
  readonly identity: StoreIdentity;
  readonly database: Database;
  readonly index: LogIndex;
  readonly head: StoreHead;
  readonly isUnclean: boolean;
}

/** Record 0 holds one operation under this key; it is not part of the store's contents. */
const identityKey = 'identity';
const cacheBytesDefault = 8 * 1024 * 1024;
const recordsReadAhead = 64;
/** Values that a scan holds at once: more, the longer it goes on. */
const scanAheadMin = 16;
const scanAheadMax = 16_384;
const scanAheadBytesMax = 32 * 1024 * 1024;

/** Folders open in this process: looking at the files of an open one would only mislead. */
const openFolders = new Set<string>();

export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  await makeFolderDurably(options.folder);
  const folder = await realpath(options.folder);
  if (openFolders.has(folder)) throw inUse(folder);
  openFolders.add(folder);
  try {
    return new LevelStore(await openFolder(folder, options.identity), options);
  } catch (error) {
    openFolders.delete(folder);
    throw error;
  }
}

/** Everything that can be checked is checked before LevelDB may write. */
async function openFolder(folder: string, identity: StoreIdentity): Promise<Opened> {
  const files = await levelFiles(folder);
  const seal = await readSeal(folder);
  if (seal) {
    await checkSeal(folder, seal);
    assertSameIdentity(folder, seal.identity, identity);
    await removeSeal(folder);
  } else if (hasContent(files)) {
    await checkFolder(folder, files);
  }
  const database = await openDatabase(folder);
  try {
    const index = new LogIndex();
    let head = await readRecords(database, folder, identity, index);
    if (seal && (head?.seq !== seal.head.seq || head.hash !== seal.head.hash)) {
      throw corrupt(folder, null, `the seal names batch ${seal.head.seq}, which is not the last`);
    }
    head ??= await writeIdentity(database, identity);
    return { folder, identity, database, index, head, isUnclean: !seal && hasContent(files) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openDatabase(folder: string): Promise<Database> {
  const database: Database = new Level(folder, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    // The folder check reads tables, and most values are hashes and signatures.
    compression: false,
  });
  try {
    await database.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if ((cause as NodeJS.ErrnoException).code === 'LEVEL_LOCKED') throw inUse(folder);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(folder, /\d{6}\.\w+|MANIFEST-\d+/.exec(reason)?.[0] ?? null, reason, error);
  }
  return database;
}

/** Replays the whole log into the index; null when the log is empty. */
async function readRecords(
  database: Database,
  folder: string,
  identity: StoreIdentity,
  index: LogIndex,
): Promise<StoreHead | null> {
  const iterator = database.iterator();
  let head: StoreHead | null = null;
  let previous = noHash;
  try {
    for (;;) {
      const entries = await iterator.nextv(recordsReadAhead);
      if (entries.length === 0) return head;
      for (const [key, bytes] of entries) {
        const seq: number = head === null ? 0 : head.seq + 1;
        if (key !== keyOf(seq)) throw corrupt(folder, null, gapBefore(seq, key));
        const record = decodeRecord(bytes);
        if (record === null || record.seq !== seq) {
          throw corrupt(folder, null, `batch ${seq} fails its checksum`);
        }
        if (Buffer.compare(record.previous, previous) !== 0) {
          throw corrupt(folder, null, `batch ${seq} does not follow batch ${seq - 1}`);
        }
        if (seq === 0) assertSameIdentity(folder, readIdentity(folder, bytes), identity);
        else index.addRecord(record);
        head = headOf(record);
        previous = record.hash;
      }
    }
  } catch (error) {
    if (error instanceof QuorateError) throw error;
    throw corrupt(folder, null, `reading on after batch ${head?.seq ?? 'none'} failed`, error);
  } finally {
    await iterator.close();
  }
}

function gapBefore(seq: number, key: string): string {
  const found = /^b[0-9a-f]{16}$/.test(key) ? Number.parseInt(key.slice(1), 16) : null;
  if (found === null || found < seq) return `batch ${seq} is missing and an unknown key is there`;
  return found === seq + 1
    ? `batch ${seq} is missing`
    : `batches ${seq} to ${found - 1} are missing`;
}

function keyOf(seq: number): string {
  return `b${seq.toString(16).padStart(16, '0')}`;
}

async function writeIdentity(database: Database, identity: StoreIdentity): Promise<StoreHead> {
  const block = encodeOps([{ put: identityKey, value: canonicalBytes(identity) }]);
  const bytes = encodeRecord(0, noHash, [block]);
  await database.put(keyOf(0), bytes, { sync: true });
  return headOf(required(decodeRecord(bytes), 'a record decodes to what was encoded'));
}

function readIdentity(folder: string, bytes: Uint8Array): StoreIdentity {
  const [op] = decodeRecord(bytes)?.ops ?? [];
  if (op?.key !== identityKey || op.value === null) {
    throw corrupt(folder, null, 'batch 0 does not hold an identity');
  }
  const { at, length } = op.value;
  return JSON.parse(fromUtf8(bytes.subarray(at, at + length))) as StoreIdentity;
}

function assertSameIdentity(folder: string, found: StoreIdentity, wanted: StoreIdentity): void {
  if (canonical(found) === canonical(wanted)) return;
  throw new QuorateError(
    'store-foreign',
    `the store in ${folder} belongs to region ${found.region} of federation ` +
      `${found.federation}, not to ${wanted.region} of ${wanted.federation}`,
    { field: folder },
  );
}

function inUse(folder: string): QuorateError {
  return new QuorateError('data-folder-in-use', `the store in ${folder} is already open`, {
    field: folder,
  });
}

/** The next slots of a scan: as many as are read ahead, or fewer with many bytes. */
function partOf(
  slots: readonly (readonly [key: string, slot: Slot])[],
  start: number,
  ahead: number,
): readonly (readonly [key: string, slot: Slot])[] {
  let end = start;
  let bytes = 0;
  while (end < slots.length && end - start < ahead && bytes < scanAheadBytesMax) {
    const slot = slots[end]?.[1];
    bytes += slot && 'length' in slot ? slot.length : 0;
    end += 1;
  }
  return slots.slice(start, end);
}

/** What is still in memory comes last. */
function placeOf(slot: Slot): number {
  return 'seq' in slot ? slot.seq : Number.MAX_SAFE_INTEGER;
}

class LevelStore implements Store {
  readonly unclean: boolean;
  readonly #opened: Opened;
  readonly #index: LogIndex;
  readonly #cache: RecordCache;
  /** Records being read: who wants the same one waits for it, for it is checked as a whole. */
  readonly #reading = new Map<number, Promise<Uint8Array>>();
  readonly #queue: CommitQueue;
  #closing: Promise<void> | null = null;

  constructor(opened: Opened, options: LevelStoreOptions) {
    this.unclean = opened.isUnclean;
    this.#opened = opened;
    this.#index = opened.index;
    this.#cache = new RecordCache(options.cacheBytesMax ?? cacheBytesDefault);
    this.#queue = new CommitQueue(opened.head, (batch) => this.#write(batch));
  }

  head(): StoreHead {
    return this.#queue.head;
  }

  commit(ops: readonly StoreOp[]): Promise<void> {
    if (ops.length === 0) return Promise.resolve();
    const block = encodeOps(ops);
    const done = this.#queue.push(block);
    this.#index.addPending(block);
    return done;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const slot = this.#index.slot(key);
    return slot && (await this.#valueOf(slot));
  }

  /** Sees the commits called before it began and no later ones. */
  async *scan(range: ScanRange): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    const slots = this.#index.slots(range);
    let ahead = scanAheadMin;
    for (let start = 0; start < slots.length; ahead = Math.min(4 * ahead, scanAheadMax)) {
      const part = partOf(slots, start, ahead);
      const values = await this.#valuesOf(part);
      for (const [index, [key]] of part.entries()) {
        yield [key, required(values[index], 'every slot has a value')];
      }
      start += part.length;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { folder, identity, database } = this.#opened;
    await this.#queue.close();
    await database.close();
    // After a failed sync nobody knows what is on disk; the next start must ask the peers.
    if (this.#queue.failure === null) await writeSeal(folder, identity, this.#queue.head);
    openFolders.delete(folder);
  }

  async #write({ seq, bytes, blocks }: Batch): Promise<void> {
    await this.#opened.database.put(keyOf(seq), bytes, { sync: true });
    this.#cache.add(seq, bytes);
    this.#index.settle(seq, blocks);
  }

  /**
   * Read in the order of the log, given in the order asked for: keys that follow each other may
   * lie in records far apart, and a record is read and checked as a whole.
   */
  async #valuesOf(part: readonly (readonly [string, Slot])[]): Promise<readonly Uint8Array[]> {
    const values: Uint8Array[] = [];
    const inLogOrder = [...part.entries()].sort(([, [, a]], [, [, b]]) => placeOf(a) - placeOf(b));
    for (const [index, [, slot]] of inLogOrder) values[index] = await this.#valueOf(slot);
    return values;
  }

  async #valueOf(slot: Slot): Promise<Uint8Array> {
    if ('bytes' in slot) return new Uint8Array(slot.bytes);
    const bytes = this.#cache.get(slot.seq) ?? (await this.#readOnce(slot.seq));
    // Not slice(): LevelDB hands out Buffers, whose slice shares memory with the cache.
    return new Uint8Array(bytes.subarray(slot.at, slot.at + slot.length));
  }

  #readOnce(seq: number): Promise<Uint8Array> {
    const underWay = this.#reading.get(seq);
    if (underWay) return underWay;
    const reading = this.#readRecord(seq).finally(() => this.#reading.delete(seq));
    this.#reading.set(seq, reading);
    return reading;
  }

  async #readRecord(seq: number): Promise<Uint8Array> {
    assert(this.#closing === null, 'nothing is read from a closed store');
    const bytes = await this.#opened.database.get(keyOf(seq));
    if (bytes === undefined || !isRecord(bytes, seq)) {
      throw corrupt(this.#opened.folder, null, `batch ${seq} changed while the store was open`);
    }
    this.#cache.add(seq, bytes);
    return bytes;
  }
}
