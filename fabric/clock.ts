/**
 * The machine's clock and timers.
 *
 * A timer longer than Node's limit of 2^31 - 1 ms would fire at once; it waits in stages.
 */
import type { Clock } from './ports.ts';

const delayMsMax = 2 ** 31 - 1;

class SystemTimer {
  handle: NodeJS.Timeout | null = null;

  wait(fn: () => void, ms: number): void {
    const stageMs = Math.min(ms, delayMsMax);
    const next = stageMs < ms ? () => this.wait(fn, ms - stageMs) : fn;
    this.handle = setTimeout(next, stageMs);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => {
    const timer = new SystemTimer();
    timer.wait(fn, Math.max(0, ms));
    return timer;
  },
  clearTimeout: (timer) => {
    if (timer instanceof SystemTimer && timer.handle) clearTimeout(timer.handle);
  },
};
