/**
 * Where each key's newest value lies: in a record on disk, or still in memory on its way there.
 *
 * Pure.
 */
import { required } from '#protocols/assert.ts';
import type { ScanRange } from '../ports.ts';
import { type DecodedRecord, type OpsBlock, recordHeaderBytes } from './record.ts';
import { SortedKeys } from './sorted-keys.ts';

export type Slot =
  | { readonly seq: number; readonly at: number; readonly length: number }
  /** Committed and not yet durable. */
  | { readonly bytes: Uint8Array };

export class LogIndex {
  readonly #slots = new Map<string, Slot>();
  readonly #keys = new SortedKeys();

  slot(key: string): Slot | undefined {
    return this.#slots.get(key);
  }

  /** The slots of a range as they are now. */
  slots(range: ScanRange): (readonly [key: string, slot: Slot])[] {
    const found: (readonly [string, Slot])[] = [];
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    for (const key of this.#keys.range(range)) {
      if (found.length >= limit) break;
      found.push([key, required(this.#slots.get(key), 'every sorted key has a slot')]);
    }
    return found;
  }

  /** A record read from disk, in order. */
  addRecord({ seq, ops }: DecodedRecord): void {
    for (const { key, value } of ops) {
      if (value === null) this.#remove(key);
      else this.#set(key, { seq, ...value });
    }
  }

  /** A commit that is on its way to disk: visible at once. */
  addPending({ bytes, ops }: OpsBlock): void {
    for (const { key, value } of ops) {
      if (value === null) this.#remove(key);
      else this.#set(key, { bytes: bytes.subarray(value.at, value.at + value.length) });
    }
  }

  /** The blocks are record `seq` now: their values need no memory unless written again since. */
  settle(seq: number, blocks: readonly OpsBlock[]): void {
    let start = recordHeaderBytes;
    for (const { bytes, ops } of blocks) {
      for (const { key, value } of ops) {
        const slot = this.#slots.get(key);
        if (value === null || !slot || !('bytes' in slot)) continue;
        const isStill =
          slot.bytes.buffer === bytes.buffer &&
          slot.bytes.byteOffset === bytes.byteOffset + value.at;
        if (isStill) this.#slots.set(key, { seq, at: start + value.at, length: value.length });
      }
      start += bytes.length;
    }
  }

  #set(key: string, slot: Slot): void {
    if (!this.#slots.has(key)) this.#keys.add(key);
    this.#slots.set(key, slot);
  }

  #remove(key: string): void {
    if (this.#slots.delete(key)) this.#keys.delete(key);
  }
}
