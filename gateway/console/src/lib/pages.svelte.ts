/**
 * A list that the gateway hands out in pages, newest first, for a virtual list: more is read as
 * the reader scrolls, and what is new comes in at the front.
 */
import { untrack } from 'svelte';
import { get, type Problem, problemOf } from './api.ts';
import { appendPage, type Held, mergeNewest } from './pages.ts';
import type { PageWire } from './wire.ts';

const pageLimit = 100;
/** So many pages are read to reach what is held; beyond, the list starts over. */
const catchUpPagesMax = 5;
/** A reader who wants more than this wants a filter. */
const itemsMax = 20_000;

export interface PagedList<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  /** There is more than the console keeps at once. */
  readonly isFull: boolean;
  readonly isLoading: boolean;
  /** The first page has been read, or has failed. */
  readonly isReady: boolean;
  readonly error: Problem | null;
  loadMore(): Promise<void>;
  /** Brings in what is new and what changed, and leaves the rest where it is. */
  refreshNewest(): Promise<void>;
}

/**
 * Call it from a component's script. When a path that is a function changes its answer, the
 * list starts over. `keep` makes the rows small before they are kept.
 */
export function pagedList<T, R = T>(
  path: string | (() => string),
  keyOf: (item: R) => string,
  keep: (item: T) => R = (item) => item as unknown as R,
): PagedList<R> {
  const list = new PagesOf<T, R>(keyOf, keep);
  $effect(() => {
    const address = typeof path === 'string' ? path : path();
    untrack(() => list.startOver(address));
    return () => list.stop();
  });
  return list;
}

class PagesOf<T, R> implements PagedList<R> {
  readonly #keyOf: (item: R) => string;
  readonly #keep: (item: T) => R;
  #address = '';
  /** An answer for an address that has changed is dropped. */
  #turn = 0;
  /** News came while a page was being read. */
  #isStale = false;
  #held = $state.raw<Held<R>>({ items: [], next: null });
  #error = $state.raw<Problem | null>(null);
  #isLoading = $state(false);
  #isReady = $state(false);

  constructor(keyOf: (item: R) => string, keep: (item: T) => R) {
    this.#keyOf = keyOf;
    this.#keep = keep;
  }

  get items(): readonly R[] {
    return this.#held.items;
  }

  get isFull(): boolean {
    return this.#held.next !== null && this.#held.items.length >= itemsMax;
  }

  get hasMore(): boolean {
    return this.#held.next !== null && !this.isFull;
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get error(): Problem | null {
    return this.#error;
  }

  async loadMore(): Promise<void> {
    const cursor = this.#held.next;
    if (cursor === null || this.isFull) return;
    await this.#exclusively(async () =>
      appendPage(this.#held, await this.#read(cursor), this.#keyOf),
    );
  }

  async refreshNewest(): Promise<void> {
    if (this.#isLoading) this.#isStale = true;
    else await this.#exclusively(() => this.#newest());
  }

  startOver(address: string): void {
    this.stop();
    this.#address = address;
    this.#held = { items: [], next: null };
    this.#error = null;
    this.#isReady = false;
    this.#isLoading = false;
    void this.#exclusively(() => this.#read(null));
  }

  /** What is still under way is not waited for. */
  stop(): void {
    this.#turn += 1;
    this.#isStale = false;
  }

  async #read(cursor: string | null): Promise<Held<R>> {
    const query = new URLSearchParams({ limit: String(pageLimit) });
    if (cursor !== null) query.set('cursor', cursor);
    const joint = this.#address.includes('?') ? '&' : '?';
    const page = await get<PageWire<T>>(`${this.#address}${joint}${query}`);
    return { items: page.items.map(this.#keep), next: page.next };
  }

  async #newest(): Promise<Held<R>> {
    let front = await this.#read(null);
    for (let pages = 1; pages < catchUpPagesMax; pages += 1) {
      const merged = mergeNewest(this.#held, front, this.#keyOf);
      if (merged) return merged;
      front = appendPage(front, await this.#read(front.next), this.#keyOf);
    }
    return mergeNewest(this.#held, front, this.#keyOf) ?? front;
  }

  /** One read at a time. */
  async #exclusively(work: () => Promise<Held<R>>): Promise<void> {
    if (this.#isLoading) return;
    const turn = this.#turn;
    this.#isLoading = true;
    try {
      const found = await work();
      if (turn !== this.#turn) return;
      this.#held = found;
      this.#error = null;
    } catch (thrown) {
      if (turn === this.#turn) this.#error = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.#done();
    }
  }

  #done(): void {
    this.#isLoading = false;
    this.#isReady = true;
    if (!this.#isStale) return;
    this.#isStale = false;
    void this.refreshNewest();
  }
}
