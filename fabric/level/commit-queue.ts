/**
 * Turns commits into numbered, chained records, one in flight at a time.
 *
 * Commits called while a record is being synced are joined into the next one: order is kept,
 * and a disk that syncs slowly gets larger records instead of a longer queue. Each commit
 * resolves when its record is on disk. The first failure is final: what is on disk is then
 * unknown, so every later commit is refused and the caller must stop.
 */
import { assert } from '#protocols/assert.ts';
import { fromHex, toHex } from '#protocols/bytes.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { StoreHead } from '../ports.ts';
import {
  encodeRecord,
  hashBytes,
  type OpsBlock,
  recordBytesMax,
  recordHeaderBytes,
} from './record.ts';

export interface Batch {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly blocks: readonly OpsBlock[];
}

interface Waiting {
  readonly block: OpsBlock;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #write: (batch: Batch) => Promise<void>;
  #head: StoreHead;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #failure: QuorateError | null = null;
  #isClosed = false;

  /** `write` resolves once the batch is durable. */
  constructor(head: StoreHead, write: (batch: Batch) => Promise<void>) {
    this.#head = head;
    this.#write = write;
  }

  /** The newest durable record. */
  get head(): StoreHead {
    return this.#head;
  }

  get failure(): QuorateError | null {
    return this.#failure;
  }

  push(block: OpsBlock): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    assert(!this.#isClosed, 'nothing is committed to a closed store');
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ block, resolve, reject });
    });
    this.#running ??= this.#run();
    return done;
  }

  /** Takes no more commits and waits for those under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    let taken: Waiting[] = [];
    try {
      while (this.#waiting.length > 0) {
        taken = this.#take();
        const seq = this.#head.seq + 1;
        const blocks = taken.map(({ block }) => block);
        const bytes = encodeRecord(seq, fromHex(this.#head.hash), blocks);
        await this.#write({ seq, bytes, blocks });
        this.#head = { seq, hash: toHex(bytes.subarray(bytes.length - hashBytes)) };
        for (const { resolve } of taken) resolve();
        taken = [];
      }
    } catch (cause) {
      this.#fail(cause, taken);
    }
    this.#running = null;
  }

  #take(): Waiting[] {
    let bytes = recordHeaderBytes + hashBytes;
    let count = 0;
    for (const { block } of this.#waiting) {
      bytes += block.bytes.length;
      if (count > 0 && bytes > recordBytesMax) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(cause: unknown, taken: readonly Waiting[]): void {
    const failure = new QuorateError('unavailable', 'the store could not sync a batch', { cause });
    this.#failure = failure;
    for (const { reject } of [...taken, ...this.#waiting]) reject(failure);
    this.#waiting = [];
  }
}
