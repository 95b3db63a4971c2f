/** A clock that a test moves by hand; timers of one instant fire in the order they were set. */
import type { Clock, Timer } from '#fabric/ports.ts';

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(startAt = 0) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const alarm = { at: this.#now + Math.max(0, ms), order: this.#order, fn };
    this.#order += 1;
    this.#alarms.add(alarm);
    return alarm;
  }

  clearTimeout(timer: Timer): void {
    this.#alarms.delete(timer as Alarm);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#alarms.size;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#alarms]
        .filter(({ at }) => at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (!next) break;
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = until;
  }
}
