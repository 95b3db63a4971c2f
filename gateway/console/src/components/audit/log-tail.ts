/**
 * The newest part of the log, newest first: read backwards in windows of sequence numbers, and
 * extended at the front by what the live stream brings. The tenant's entries are some of the
 * region's, so a window may hold few or none.
 */
import type { AuditWire } from '../../lib/wire.ts';

export interface Tail {
  /** Newest first, each once. */
  readonly entries: readonly AuditWire[];
  /** Everything of the tenant from here on is held. */
  readonly from: number;
}

export const windowSeqs = 500;
/** A reader who wants more than this looks up a decision. */
export const entriesMax = 20_000;

export const emptyTail: Tail = { entries: [], from: Number.MAX_SAFE_INTEGER };

/** The tail with these entries; `from` is where the reading of them began, if it was a reading. */
export function extendTail(tail: Tail, found: readonly AuditWire[], from = tail.from): Tail {
  const newest = tail.entries[0]?.seq ?? Number.NEGATIVE_INFINITY;
  // Entries come live by the hundred: what is newer than everything held need not be looked for.
  const isFront = found.every(({ seq }) => seq > newest);
  const fresh = isFront ? found : unknownIn(tail, found);
  const lowest = Math.min(tail.from, from);
  if (fresh.length === 0) return lowest === tail.from ? tail : { ...tail, from: lowest };
  const sorted = fresh.toSorted((a, b) => b.seq - a.seq);
  const all = isFront ? [...sorted, ...tail.entries] : merged(tail.entries, sorted);
  if (all.length <= entriesMax) return { entries: all, from: lowest };
  const kept = all.slice(0, entriesMax);
  return { entries: kept, from: kept.at(-1)?.seq ?? lowest };
}

function unknownIn(tail: Tail, found: readonly AuditWire[]): readonly AuditWire[] {
  const known = new Set(tail.entries.map(({ seq }) => seq));
  return found.filter(({ seq }) => !known.has(seq));
}

function merged(a: readonly AuditWire[], b: readonly AuditWire[]): readonly AuditWire[] {
  return [...a, ...b].toSorted((one, other) => other.seq - one.seq);
}

/** A tail that begins at `from`; what came live meanwhile stays. */
export function restart({ entries }: Tail, from: number): Tail {
  return { entries: entries.filter(({ seq }) => seq >= from), from };
}

/** The window before what is held; null at the beginning, or when the console holds enough. */
export function windowBefore({ from, entries }: Tail): { from: number; to: number } | null {
  if (from <= 0 || entries.length >= entriesMax) return null;
  return { from: Math.max(0, from - windowSeqs), to: from };
}

/** The size that a checkpoint's text names. */
export function sizeIn(checkpoint: string): number {
  const size = Number(checkpoint.split('\n')[1]);
  return Number.isSafeInteger(size) && size >= 0 ? size : 0;
}
