/** The log's tail as it is read and as it grows. Call it from a component's script. */
import { untrack } from 'svelte';
import { get, getText, type Problem, problemOf } from '../../lib/api.ts';
import { onEntry, onGap } from '../../lib/live.svelte.ts';
import type { AuditWire } from '../../lib/wire.ts';
import {
  emptyTail,
  extendTail,
  restart,
  sizeIn,
  type Tail,
  windowBefore,
  windowSeqs,
} from './log-tail.ts';

interface LogPage {
  readonly items: readonly AuditWire[];
  readonly next: number;
}

/** Windows read at once to find something: another tenant may have filled the log. */
const emptyWindowsMax = 20;

export class LogTail {
  #tail = $state.raw<Tail>(emptyTail);
  #error = $state.raw<Problem | null>(null);
  #isReady = $state(false);
  #isReading = false;
  /** Entries were missed while something was being read. */
  #isStale = false;
  /** The newest entry before the first one that was missed. */
  #heldTo: number | null = null;

  get entries(): readonly AuditWire[] {
    return this.#tail.entries;
  }

  get hasMore(): boolean {
    return this.#isReady && windowBefore(this.#tail) !== null;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get error(): Problem | null {
    return this.#error;
  }

  loadOlder(): Promise<void> {
    return this.#exclusively(() => this.#readOlder());
  }

  reload(): Promise<void> {
    this.#heldTo ??= this.#newest();
    if (this.#isReading) {
      this.#isStale = true;
      return Promise.resolve();
    }
    return this.#exclusively(() => this.#readNewest());
  }

  /** Reads, and follows the live stream until the answer is called. */
  start(): () => void {
    void this.reload();
    const forgetEntry = onEntry((entry) => {
      this.#tail = extendTail(this.#tail, [entry]);
    });
    const forgetGap = onGap(() => void this.reload());
    return () => {
      forgetEntry();
      forgetGap();
    };
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      await work();
      this.#error = null;
    } catch (thrown) {
      this.#error = problemOf(thrown);
    } finally {
      this.#isReading = false;
      this.#isReady = true;
    }
    if (!this.#isStale) return;
    this.#isStale = false;
    await this.reload();
  }

  #newest(): number {
    return this.#tail.entries[0]?.seq ?? -1;
  }

  async #readOlder(): Promise<void> {
    for (let windows = 0; windows < emptyWindowsMax; windows += 1) {
      const range = windowBefore(this.#tail);
      if (!range) return;
      const found = await readWindow(range);
      this.#tail = extendTail(this.#tail, found, range.from);
      if (found.length > 0) return;
    }
  }

  /** From the newest entry held to the head; from a window before the head at first. */
  async #readNewest(): Promise<void> {
    const size = sizeIn(await getText('/audit/head'));
    // What came live meanwhile is newer than what was missed.
    const newest = this.#heldTo ?? this.#newest();
    // Nothing read yet, or too far ahead to be joined with what is held: the tail starts over.
    const isFar = this.#tail.from > size || size - newest > windowSeqs;
    const from = isFar ? Math.max(0, size - windowSeqs) : newest + 1;
    const found = await readWindow({ from, to: size });
    this.#tail = extendTail(isFar ? restart(this.#tail, from) : this.#tail, found);
    this.#heldTo = null;
    if (this.#tail.entries.length === 0) await this.#readOlder();
  }
}

export function logTail(): LogTail {
  const tail = new LogTail();
  $effect(() => untrack(() => tail.start()));
  return tail;
}

async function readWindow(range: { from: number; to: number }): Promise<readonly AuditWire[]> {
  const items: AuditWire[] = [];
  let { from } = range;
  // Each page ends past where it began, so there are at most as many as sequence numbers.
  while (from < range.to) {
    const page = await get<LogPage>(`/audit/log?from=${from}&limit=${windowSeqs}`);
    items.push(...page.items.filter(({ seq }) => seq < range.to));
    if (page.next <= from) break;
    from = page.next;
  }
  return items;
}
