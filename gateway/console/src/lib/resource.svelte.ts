/**
 * Something read from the gateway, kept on the screen while it is read again.
 */
import { untrack } from 'svelte';
import { type Problem, problemOf } from './api.ts';
import { onEntry, onGap } from './live.svelte.ts';
import { throttle } from './throttle.ts';
import type { AuditWire } from './wire.ts';

/** A burst of entries is one reload. */
const reloadPeriodMs = 750;

export interface Resource<T> {
  /** What was read last; stays while it is read again, and when that fails. */
  readonly data: T | undefined;
  /** Why the last read failed; null once one worked. */
  readonly error: Problem | null;
  readonly isLoading: boolean;
  reload(): Promise<void>;
  /** Reads again when an entry comes that the filter lets through; from a component's script. */
  reloadOn(filter: (entry: AuditWire) => boolean): Resource<T>;
}

/**
 * Call it from a component's script. What `load` reads from state before its first `await` is
 * followed: when that changes, it is loaded again.
 */
export function resource<T>(load: () => Promise<T>): Resource<T> {
  let data = $state.raw<T | undefined>();
  let error = $state.raw<Problem | null>(null);
  let isLoading = $state(false);
  // An answer that a later question overtook is not shown.
  let newest = 0;

  async function reload(): Promise<void> {
    newest += 1;
    const turn = newest;
    isLoading = true;
    try {
      const value = await load();
      if (turn !== newest) return;
      data = value;
      error = null;
    } catch (thrown) {
      if (turn === newest) error = problemOf(thrown);
    } finally {
      if (turn === newest) isLoading = false;
    }
  }

  const self: Resource<T> = {
    get data() {
      return data;
    },
    get error() {
      return error;
    },
    get isLoading() {
      return isLoading;
    },
    reload,
    reloadOn(filter) {
      onNews(filter, () => void reload());
      return self;
    },
  };
  $effect(() => {
    void reload();
    return () => {
      newest += 1;
    };
  });
  return self;
}

/**
 * Calls, throttled, when an entry comes that the filter lets through, or when some may have
 * been missed. From a component's script: it ends with the component.
 */
export function onNews(filter: (entry: AuditWire) => boolean, call: () => void): void {
  $effect(() => {
    const ask = throttle(reloadPeriodMs, () => untrack(call));
    const forgetEntry = onEntry((entry) => {
      if (untrack(() => filter(entry))) ask();
    });
    const forgetGap = onGap(ask);
    return () => {
      forgetEntry();
      forgetGap();
      ask.cancel();
    };
  });
}
