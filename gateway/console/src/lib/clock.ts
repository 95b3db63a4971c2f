/**
 * The one place of the console that asks what time it is or waits.
 */

export function now(): number {
  return Date.now();
}

/** Calls once after the delay; the answer cancels. */
export function after(delayMs: number, call: () => void): () => void {
  const timer = setTimeout(call, delayMs);
  return () => clearTimeout(timer);
}

/** Calls again and again; the answer cancels. */
export function every(periodMs: number, call: () => void): () => void {
  const timer = setInterval(call, periodMs);
  return () => clearInterval(timer);
}

/** As every(), but not while nobody sees the page. */
export function everySeen(periodMs: number, call: () => void): () => void {
  return every(periodMs, () => {
    if (document.visibilityState === 'visible') call();
  });
}

/** Calls before the next frame; a hidden page has no frames, so there soon. */
export function nextFrame(call: () => void): void {
  if (document.visibilityState === 'visible') requestAnimationFrame(() => call());
  else setTimeout(call, hiddenFrameMs);
}

/** Browsers slow the timers of hidden pages to about this anyway. */
const hiddenFrameMs = 1000;
