/**
 * How fast recorded time passes, for all replays of one process together.
 *
 * Regions that replay side by side stay within `leadMs` of each other, so that they judge with
 * evidence of about the same event time, however busy the machine is. Event time passes at most
 * `speed` times as fast as the clock, and not at all while `hold` says that a decision is being
 * negotiated, or that regions may not vote yet: real time would hardly have passed either. A hold
 * ends by itself after a bound.
 */
import type { Clock } from '../ports.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Event seconds a second of the clock; 0 or Infinity: as fast as the consumers pull. */
  readonly speed: number;
  readonly hold?: () => boolean;
}

/** One replay's place in the common time. */
export interface Participant {
  /** Resolves when everything up to the event time may happen, or when it has left. */
  reach(eventAt: number): Promise<void>;
  /** Nobody waits for it any more. */
  leave(): void;
}

/** Event time by which one replay may be ahead of another. */
const leadMs = 30 * 60_000;
const holdMsMax = 5000;
const pollMs = 2;

export class ReplayPace {
  readonly #o: PaceOptions;
  readonly #positions = new Map<Participant, number>();
  #front: { readonly eventAt: number; readonly clockAt: number } | null = null;
  #heldSince: number | null = null;

  constructor(options: PaceOptions) {
    this.#o = options;
  }

  join(): Participant {
    let wake: () => void = () => undefined;
    const participant: Participant = {
      reach: async (eventAt) => {
        this.#positions.set(participant, eventAt);
        while (this.#positions.has(participant)) {
          const waitMs = this.#waitMs(participant, eventAt);
          if (waitMs <= 0) break;
          await new Promise<void>((resolve) => {
            const timer = this.#o.clock.setTimeout(resolve, waitMs);
            wake = () => {
              this.#o.clock.clearTimeout(timer);
              resolve();
            };
          });
        }
        this.#advance(eventAt);
      },
      leave: () => {
        this.#positions.delete(participant);
        wake();
      },
    };
    return participant;
  }

  #waitMs(participant: Participant, eventAt: number): number {
    const others = [...this.#positions].filter(([other]) => other !== participant);
    const isAhead = others.some(([, position]) => eventAt > position + leadMs);
    if (this.#isHeld() || isAhead) return pollMs;
    const { speed, clock } = this.#o;
    if (this.#front === null || eventAt <= this.#front.eventAt) return 0;
    if (speed <= 0 || !Number.isFinite(speed)) return 0;
    const dueMs = (eventAt - this.#front.eventAt) / speed;
    // No longer than due, should the clock have jumped back.
    return Math.min(dueMs, this.#front.clockAt + dueMs - clock.now());
  }

  #isHeld(): boolean {
    const now = this.#o.clock.now();
    if (!this.#o.hold?.()) {
      this.#heldSince = null;
      return false;
    }
    this.#heldSince ??= now;
    return now - this.#heldSince < holdMsMax;
  }

  #advance(eventAt: number): void {
    if (this.#front !== null && eventAt <= this.#front.eventAt) return;
    this.#front = { eventAt, clockAt: this.#o.clock.now() };
  }
}
