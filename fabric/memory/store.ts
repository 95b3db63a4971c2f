/**
 * The store in memory: same promises as the level store, with a disk that can be slow or lost.
 *
 * Records are numbered and chained exactly as on disk, so heads compare across both. Two views
 * are kept: what was committed (reads see it) and what is durable (a crash keeps it). The `sync`
 * hook is the disk: a batch is durable when it resolves, and the store has failed when it
 * rejects. Records themselves are not kept; a long simulation costs its live keys only.
 */
import { assert, required } from '#protocols/assert.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { type Batch, CommitQueue } from '../level/commit-queue.ts';
import {
  decodeRecord,
  encodeOps,
  encodeRecord,
  headOf,
  noHash,
  type OpsBlock,
} from '../level/record.ts';
import type { StoreIdentity } from '../level/seal.ts';
import { SortedKeys } from '../level/sorted-keys.ts';
import type { ScanRange, Store, StoreHead, StoreOp } from '../ports.ts';

export interface MemoryStoreOptions {
  readonly identity?: StoreIdentity;
  /** Resolves when the record is durable. Without it every batch is, in the next microtask. */
  readonly sync?: (record: Uint8Array) => Promise<void>;
}

/** What survives: the second argument of the constructor reopens it. */
export interface DurableContents {
  readonly head: StoreHead;
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly isUnclean: boolean;
}

/** What becomes of the batch whose sync was under way: a real disk may have either. */
export type InFlight = 'lost' | 'kept';

const standAlone: StoreIdentity = { federation: 'memory', region: 'memory' };

export class MemoryStore implements Store {
  readonly unclean: boolean;
  readonly #options: MemoryStoreOptions;
  readonly #values: Map<string, Uint8Array>;
  readonly #keys = new SortedKeys();
  readonly #queue: CommitQueue;
  readonly #durable: Map<string, Uint8Array>;
  #inFlight: Batch | null = null;
  #isGone = false;

  constructor(options: MemoryStoreOptions = {}, contents = fresh(options)) {
    this.unclean = contents.isUnclean;
    this.#options = options;
    this.#values = new Map(contents.values);
    this.#durable = new Map(contents.values);
    for (const key of this.#values.keys()) this.#keys.add(key);
    this.#queue = new CommitQueue(contents.head, (batch) => this.#write(batch));
  }

  head(): StoreHead {
    return this.#queue.head;
  }

  commit(ops: readonly StoreOp[]): Promise<void> {
    assert(!this.#isGone, 'nothing is committed to a crashed store');
    if (ops.length === 0) return Promise.resolve();
    const block = encodeOps(ops);
    const done = this.#queue.push(block);
    applyBlock(this.#values, block);
    for (const { key } of block.ops) {
      if (this.#values.has(key)) this.#keys.add(key);
      else this.#keys.delete(key);
    }
    return done;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#values.get(key)?.slice();
  }

  /** Sees the commits called before it began and no later ones. */
  async *scan(range: ScanRange): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    const found: [string, Uint8Array][] = [];
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    for (const key of this.#keys.range(range)) {
      if (found.length >= limit) break;
      found.push([key, required(this.#values.get(key), 'every sorted key has a value')]);
    }
    for (const [key, value] of found) yield [key, value.slice()];
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /** What is on the simulated disk now: clean once closed. */
  contents(isUnclean = false): DurableContents {
    return { head: this.#queue.head, values: new Map(this.#durable), isUnclean };
  }

  /**
   * Pulls the plug: this store is dead, its unsynced commits never resolve, and a new unclean
   * store holds what was durable, with or without the batch whose sync was under way.
   */
  crash(inFlight: InFlight = 'lost', options: MemoryStoreOptions = this.#options): MemoryStore {
    this.#isGone = true;
    const kept = inFlight === 'kept' ? this.#inFlight : null;
    const before = this.contents(true);
    if (kept === null) return new MemoryStore(options, before);
    const values = new Map(before.values);
    for (const block of kept.blocks) applyBlock(values, block);
    return new MemoryStore(options, { head: headOfBytes(kept.bytes), values, isUnclean: true });
  }

  async #write(batch: Batch): Promise<void> {
    this.#inFlight = batch;
    await this.#options.sync?.(batch.bytes);
    // A sync that ends after the crash must not wake anybody who waits for it.
    if (this.#isGone) await new Promise<never>(() => undefined);
    for (const block of batch.blocks) applyBlock(this.#durable, block);
    this.#inFlight = null;
  }
}

function fresh(options: MemoryStoreOptions): DurableContents {
  const identity = canonicalBytes(options.identity ?? standAlone);
  const record = encodeRecord(0, noHash, [encodeOps([{ put: 'identity', value: identity }])]);
  return { head: headOfBytes(record), values: new Map(), isUnclean: false };
}

function headOfBytes(record: Uint8Array): StoreHead {
  return headOf(required(decodeRecord(record), 'a record decodes to what was encoded'));
}

function applyBlock(values: Map<string, Uint8Array>, { bytes, ops }: OpsBlock): void {
  for (const { key, value } of ops) {
    if (value === null) values.delete(key);
    else values.set(key, bytes.slice(value.at, value.at + value.length));
  }
}
