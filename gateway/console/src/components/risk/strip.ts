/**
 * Signals over event time: a row for each service, a column for each stretch of time.
 *
 * An hour is the finest stretch; a longer range takes wider ones, so that a row never has more
 * cells than fit a screen.
 */
import type { Severity } from '#protocols/messages/common.ts';

export interface StripSignal {
  readonly ts: string;
  readonly service: string;
  readonly severity: Severity;
  readonly score: number;
}

export interface StripCell {
  /** Milliseconds. */
  readonly from: number;
  readonly count: number;
  /** The highest score; 0 where there was no signal. */
  readonly score: number;
  readonly severity: Severity | null;
}

export interface StripRow {
  readonly service: string;
  readonly count: number;
  readonly cells: readonly StripCell[];
}

export interface Strip {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
  readonly rows: readonly StripRow[];
}

const hourMs = 3_600_000;
const widthsMs = [1, 2, 3, 6, 12, 24, 72, 168, 720].map((hours) => hours * hourMs);
const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

export const columnsMax = 96;

/** Null when there is nothing to show. `rangeMs` counts back from the newest signal. */
export function stripOf(
  signals: readonly StripSignal[],
  { rangeMs, columns = columnsMax }: { readonly rangeMs: number; readonly columns?: number },
): Strip | null {
  const times = signals.map(({ ts }) => Date.parse(ts));
  if (times.length === 0) return null;
  const newest = times.reduce((a, b) => Math.max(a, b));
  const oldest = times.reduce((a, b) => Math.min(a, b));
  const start = Math.max(oldest, newest - rangeMs + 1);
  const bucketMs = widthFor(start, newest, columns);
  const from = Math.floor(start / bucketMs) * bucketMs;
  const count = Math.min(columns, Math.floor((newest - from) / bucketMs) + 1);
  const services = [...new Set(signals.map(({ service }) => service))].toSorted();
  const rows = services.map((service) => {
    const own = signals.filter((signal) => signal.service === service);
    return rowOf(service, own, { from, bucketMs, count });
  });
  return { from, to: from + count * bucketMs, bucketMs, rows };
}

/** The finest width that needs no more columns than there are; aligning may cost one more. */
function widthFor(from: number, to: number, columns: number): number {
  const fits = (width: number) => Math.floor(to / width) - Math.floor(from / width) + 1 <= columns;
  return widthsMs.find(fits) ?? Math.ceil((to - from + 1) / (columns - 1) / hourMs) * hourMs;
}

function rowOf(
  service: string,
  signals: readonly StripSignal[],
  grid: { readonly from: number; readonly bucketMs: number; readonly count: number },
): StripRow {
  const cells: StripCell[] = Array.from({ length: grid.count }, (_, index) => ({
    from: grid.from + index * grid.bucketMs,
    count: 0,
    score: 0,
    severity: null,
  }));
  let count = 0;
  for (const signal of signals) {
    const index = Math.floor((Date.parse(signal.ts) - grid.from) / grid.bucketMs);
    const cell = cells[index];
    if (!cell) continue;
    count += 1;
    cells[index] = {
      from: cell.from,
      count: cell.count + 1,
      score: Math.max(cell.score, signal.score),
      severity: worse(cell.severity, signal.severity),
    };
  }
  return { service, count, cells };
}

export function worse(a: Severity | null, b: Severity): Severity {
  return a !== null && severities.indexOf(a) >= severities.indexOf(b) ? a : b;
}

/** `1 h`, `3 days` */
export function widthText(bucketMs: number): string {
  const hours = bucketMs / hourMs;
  if (hours < 48) return `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

export interface RangeChoice {
  readonly id: string;
  readonly label: string;
  readonly ms: number;
}

/** Counted back from the newest signal: what is replayed has its own time. */
export const rangeChoices: readonly [RangeChoice, RangeChoice, RangeChoice, RangeChoice] = [
  { id: '1d', label: 'newest day', ms: 24 * hourMs },
  { id: '3d', label: 'newest 3 days', ms: 72 * hourMs },
  { id: '', label: 'newest 7 days', ms: 168 * hourMs },
  { id: 'all', label: 'everything', ms: Number.MAX_SAFE_INTEGER },
];

/** A cell is to be hit with a finger: fewer of them on a narrow screen. */
export function columnsFor(widthPx: number): number {
  const pixelsPerCell = 11;
  const beside = 170;
  return Math.max(12, Math.min(columnsMax, Math.floor((widthPx - beside) / pixelsPerCell)));
}

/** The signals of one service within one stretch of time. */
export function inCell<T extends StripSignal>(
  signals: readonly T[],
  cell: { readonly service: string; readonly from: number; readonly to: number },
): readonly T[] {
  return signals.filter(({ service, ts }) => {
    const at = Date.parse(ts);
    return service === cell.service && at >= cell.from && at < cell.to;
  });
}
