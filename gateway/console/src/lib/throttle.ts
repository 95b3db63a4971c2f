/** Calls at once, then at most once a period, and once more for what came meanwhile. */
import { after, now } from './clock.ts';

export interface Throttled {
  (): void;
  cancel(): void;
}

export function throttle(periodMs: number, call: () => void): Throttled {
  let last = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;
  const run = () => {
    cancel = null;
    last = now();
    call();
  };
  const ask = () => {
    if (cancel !== null) return;
    const waitMs = last + periodMs - now();
    if (waitMs <= 0) run();
    else cancel = after(waitMs, run);
  };
  return Object.assign(ask, {
    cancel() {
      cancel?.();
      cancel = null;
    },
  });
}
