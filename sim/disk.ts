/**
 * A simulated disk under the memory store: syncs take simulated time, a crash loses what was
 * not synced, and what was under way may have reached the disk all the same, unacknowledged.
 */
import { decodeRecord } from '#fabric/level/record.ts';
import { type DurableContents, MemoryStore } from '#fabric/memory/store.ts';
import type { Store } from '#fabric/ports.ts';
import { required } from '#protocols/assert.ts';
import type { NodeClock } from './clock.ts';
import type { Seed } from './seed.ts';

/** One operation that has become durable. */
export interface DurableOp {
  readonly key: string;
  /** Null for a delete. */
  readonly value: Uint8Array | null;
}

export interface DiskOptions {
  readonly identity: { readonly federation: string; readonly region: string };
  readonly seed: Seed;
  /** Sees every batch the moment it is durable. */
  readonly onDurable: (ops: readonly DurableOp[]) => void;
}

/** A sync of a healthy disk takes this long, and on average so much more. */
const syncMinMs = 1;
const syncMoreMs = 2;

/** What survives the incarnations of a node. */
export class SimDisk {
  readonly #o: DiskOptions;
  #contents: DurableContents | undefined;
  #store: MemoryStore | null = null;
  /** The record whose sync is under way. */
  #underWay: Uint8Array | null = null;
  /** How many times slower than healthy. */
  slowness = 1;

  constructor(options: DiskOptions) {
    this.#o = options;
  }

  /** Opens the store for one incarnation of the node. */
  open(clock: NodeClock): Store {
    const sync = async (record: Uint8Array) => {
      this.#underWay = record;
      await clock.delay(this.#syncMs(), 'sync');
      this.#underWay = null;
      this.#o.onDurable(opsOf(record));
    };
    const options = { identity: this.#o.identity, sync };
    this.#store = new MemoryStore(options, this.#contents);
    return this.#store;
  }

  /** After an orderly close: the next incarnation opens clean. */
  closed(): void {
    this.#contents = this.#store?.contents();
    this.#store = null;
  }

  /** The incarnation is gone. */
  crash(): void {
    const isKept = this.#o.seed.chance(0.5);
    this.#contents = this.#store?.crash(isKept ? 'kept' : 'lost').contents(true);
    if (isKept && this.#underWay) this.#o.onDurable(opsOf(this.#underWay));
    this.#store = null;
    this.#underWay = null;
  }

  #syncMs(): number {
    return Math.ceil(this.slowness * (syncMinMs + this.#o.seed.skewed(syncMoreMs)));
  }
}

function opsOf(record: Uint8Array): readonly DurableOp[] {
  const { ops } = required(decodeRecord(record), 'a record decodes to what was encoded');
  return ops.map(({ key, value }) => ({
    key,
    value: value && record.subarray(value.at, value.at + value.length),
  }));
}
