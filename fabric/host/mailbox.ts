/**
 * A bounded queue between whoever sends and one consumer that takes in turns.
 *
 * First in, first out. What does not fit is refused and counted, never dropped silently: the
 * sender learns it from the answer and can slow down. Items are looked at only by the consumer.
 */
import type { Metrics } from '#fabric/ports.ts';
import { assert } from '#protocols/assert.ts';

export interface MailboxOptions {
  /** The label of its metrics. */
  readonly name: string;
  /** How many items may wait. */
  readonly capacity: number;
  readonly metrics: Metrics;
}

export class Mailbox<T> {
  readonly #o: MailboxOptions;
  #items: T[] = [];
  /** Where the oldest item is; what lies before was taken. */
  #head = 0;

  constructor(options: MailboxOptions) {
    assert(options.capacity >= 1, 'a mailbox holds at least one item');
    this.#o = options;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** False when it is full. */
  offer(item: T): boolean {
    const { name, capacity, metrics } = this.#o;
    if (this.size >= capacity) {
      metrics.count('mailbox_refused_total', { mailbox: name });
      return false;
    }
    this.#items.push(item);
    return true;
  }

  /** The oldest items, at most so many. */
  take(max: number): readonly T[] {
    this.#o.metrics.gauge('mailbox_depth', this.size, { mailbox: this.#o.name });
    const taken = this.#items.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    // Half empty: move what is left to the front, so that an item is moved once at most.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
