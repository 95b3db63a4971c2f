/**
 * Keys in ascending order (by UTF-16 code units), for prefix scans.
 *
 * A list of sorted blocks of at most 512 keys: an insertion moves a part of one block instead of
 * half of the whole list, and a seek is two binary searches. Appending in order, the common
 * case, touches the last block of its neighbourhood only.
 *
 * Pure.
 */
import { required } from '#protocols/assert.ts';
import type { ScanRange } from '../ports.ts';

const blockKeysMax = 512;

export class SortedKeys {
  /** Never empty; only the sole block may be. */
  readonly #blocks: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    const index = this.#blockOf(key);
    const block = this.#block(index);
    const at = firstIndex(block, (other) => other >= key);
    if (block[at] === key) return;
    block.splice(at, 0, key);
    this.#size += 1;
    if (block.length > blockKeysMax) {
      this.#blocks.splice(index + 1, 0, block.splice(blockKeysMax / 2));
    }
  }

  delete(key: string): void {
    const index = this.#blockOf(key);
    const block = this.#block(index);
    const at = firstIndex(block, (other) => other >= key);
    if (block[at] !== key) return;
    block.splice(at, 1);
    this.#size -= 1;
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(index, 1);
  }

  /** The keys of the range, its limit aside. The keys must not change before it is used up. */
  *range(range: ScanRange): Iterable<string> {
    yield* range.reverse ? this.#descending(range) : this.#ascending(range);
  }

  *#ascending({ prefix, after }: ScanRange): Iterable<string> {
    const isIn = (key: string) => key >= prefix && (after === undefined || key > after);
    let index = this.#firstBlock(isIn);
    let at = firstIndex(this.#blocks[index] ?? [], isIn);
    for (; index < this.#blocks.length; index += 1, at = 0) {
      const block = this.#block(index);
      for (; at < block.length; at += 1) {
        const key = required(block[at], 'the position is within the block');
        if (!key.startsWith(prefix)) return;
        yield key;
      }
    }
  }

  *#descending({ prefix, after }: ScanRange): Iterable<string> {
    // True from the first key on that lies behind the range.
    const isBehind = (key: string) =>
      (key > prefix && !key.startsWith(prefix)) || (after !== undefined && key >= after);
    let index = Math.min(this.#firstBlock(isBehind), this.#blocks.length - 1);
    let at = firstIndex(this.#block(index), isBehind) - 1;
    while (index >= 0) {
      const block = this.#block(index);
      for (; at >= 0; at -= 1) {
        const key = required(block[at], 'the position is within the block');
        if (!key.startsWith(prefix)) return;
        yield key;
      }
      index -= 1;
      at = (this.#blocks[index]?.length ?? 0) - 1;
    }
  }

  /** The first block whose last key satisfies a condition that stays true once true. */
  #firstBlock(condition: (key: string) => boolean): number {
    return firstIndex(this.#blocks, (block) => {
      const last = block.at(-1);
      return last !== undefined && condition(last);
    });
  }

  /** Where the key is or belongs: the first block that ends at or behind it, else the last. */
  #blockOf(key: string): number {
    return Math.min(
      this.#firstBlock((last) => last >= key),
      this.#blocks.length - 1,
    );
  }

  #block(index: number): string[] {
    return required(this.#blocks[index], 'the position is within the list of blocks');
  }
}

/** Binary search: the first index whose item satisfies a condition that stays true once true. */
function firstIndex<T>(items: readonly T[], condition: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
