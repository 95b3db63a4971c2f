/**
 * Virtual time: an agenda of events ordered by time and then by when they were entered, and a
 * clock for each node that reads it.
 *
 * A node's clock dies with the node: timers of a crashed incarnation never fire and new ones
 * are not taken, so nothing of it acts again.
 */
import type { Clock, Timer } from '#fabric/ports.ts';
import { assert } from '#protocols/assert.ts';

/** When every world begins: 2026-01-01T00:00:00.000Z. */
export const worldBegins = 1_767_225_600_000;

export interface AgendaEvent {
  readonly time: number;
  readonly sequence: number;
  /** What the trace calls it. */
  readonly label: string;
  /** Null once it is cancelled or has run. */
  run: (() => void) | null;
}

export class Agenda {
  readonly #heap: AgendaEvent[] = [];
  #sequence = 0;
  #now = worldBegins;

  now(): number {
    return this.#now;
  }

  /** Enters an event at a time from now; events of one time run in the order of entry. */
  after(ms: number, label: string, run: () => void): AgendaEvent {
    const time = this.#now + Math.max(0, Number.isFinite(ms) ? ms : 0);
    const event: AgendaEvent = { time, sequence: this.#sequence, label, run };
    this.#sequence += 1;
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  cancel(event: AgendaEvent): void {
    event.run = null;
  }

  /** Moves time to the next event and takes it, if it is not later than `until`. */
  next(until: number): AgendaEvent | null {
    for (;;) {
      const first = this.#heap[0];
      if (!first || (first.run && first.time > until)) return null;
      this.#removeFirst();
      if (!first.run) continue;
      assert(first.time >= this.#now, 'time never goes back');
      this.#now = first.time;
      return first;
    }
  }

  /** With nothing left to do before it, time moves on. */
  advanceTo(time: number): void {
    this.#now = Math.max(this.#now, time);
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let first = index;
      if (left < this.#heap.length && this.#isBefore(left, first)) first = left;
      if (right < this.#heap.length && this.#isBefore(right, first)) first = right;
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a] as AgendaEvent;
    const second = this.#heap[b] as AgendaEvent;
    if (first.time !== second.time) return first.time < second.time;
    return first.sequence < second.sequence;
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as AgendaEvent;
    this.#heap[a] = this.#heap[b] as AgendaEvent;
    this.#heap[b] = kept;
  }
}

/** The clock of one incarnation of a node. XState accepts it as its own. */
export class NodeClock implements Clock {
  readonly #agenda: Agenda;
  readonly #node: string;
  readonly #skewMs: number;
  #alive = true;

  constructor(agenda: Agenda, node: string, skewMs = 0) {
    this.#agenda = agenda;
    this.#node = node;
    this.#skewMs = skewMs;
  }

  // Bound, because XState calls these without their object.
  readonly now = (): number => this.#agenda.now() + this.#skewMs;

  readonly setTimeout = (fn: () => void, ms: number): Timer => {
    if (!this.#alive) return null;
    return this.#agenda.after(ms, `timer ${this.#node}`, () => {
      if (this.#alive) fn();
    });
  };

  readonly clearTimeout = (timer: Timer): void => {
    if (timer) this.#agenda.cancel(timer as AgendaEvent);
  };

  /** The node has crashed or was closed. */
  stop(): void {
    this.#alive = false;
  }

  /** A promise that this incarnation waits for; it never resolves once the node has crashed. */
  delay(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => {
      this.#agenda.after(ms, `${label} ${this.#node}`, () => {
        if (this.#alive) resolve();
      });
    });
  }
}
