/**
 * Replays recorded series as if they happened now.
 *
 * All series are merged by event time into batches of one step, and each batch ends on the grid
 * that starts at the first point. The consumer pulls: a batch is never ahead of it. How fast
 * event time passes is the pace's business (pace.ts). The offset is the event time reached:
 * whoever gives it back gets exactly the points after it.
 */

import { QuorateError } from '#protocols/errors.ts';
import type { MetricKind } from '#protocols/messages/signal.ts';
import type { TelemetryBatch, TelemetryPoint, TelemetrySource } from '../ports.ts';
import type { Participant, ReplayPace } from './pace.ts';
import { readSeries, type SeriesRow } from './series.ts';

export interface ReplaySeries {
  readonly tenant: string;
  readonly service: string;
  readonly metric: string;
  readonly kind: MetricKind;
  /** A file to read, or the rows themselves. */
  readonly from: { readonly file: string } | { readonly rows: readonly SeriesRow[] };
  /** Moves every point in time by so much, or so that the first lands on an instant. */
  readonly shift?: { readonly byMs: number } | { readonly to: number };
}

export interface ReplayOptions {
  readonly series: readonly ReplaySeries[];
  /** Shared by the replays of a process; without one, as fast as the consumer pulls. */
  readonly pace?: ReplayPace;
  /** Event time a batch spans; the closest usual spacing of any series unless told. */
  readonly stepMs?: number;
  /** Event time before which nothing is replayed. */
  readonly startAt?: number;
}

export interface ReplaySource extends TelemetrySource {
  /** Rows left out because nothing was recorded in them; known once opened. */
  skippedRows(): number;
}

interface Track {
  readonly series: ReplaySeries;
  /** In the order of time. */
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const stepMsDefault = 5 * 60_000;
const offsetPattern = /^-?\d{1,16}$/;

export function replaySource(options: ReplayOptions): ReplaySource {
  return new Replay(options);
}

class Replay implements ReplaySource {
  readonly #options: ReplayOptions;
  #tracks: Promise<readonly Track[]> | null = null;
  #skipped = 0;
  #isClosed = false;
  #place: Participant | null = null;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  async *open(offset: string | null): AsyncIterable<TelemetryBatch> {
    if (offset !== null && !offsetPattern.test(offset)) {
      throw new QuorateError('invalid-input', `${offset} is not an offset of a replay`);
    }
    this.#tracks ??= this.#load();
    const tracks = await this.#tracks;
    const begin = offset === null ? (this.#options.startAt ?? null) : Number(offset) + 1;
    const place = this.#options.pace?.join() ?? null;
    this.#place = place;
    try {
      for (const batch of batchesOf(tracks, this.#options.stepMs ?? usualStep(tracks), begin)) {
        await place?.reach(batch.upTo);
        if (this.#isClosed) return;
        yield batch;
      }
    } finally {
      place?.leave();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#place?.leave();
  }

  skippedRows(): number {
    return this.#skipped;
  }

  async #load(): Promise<readonly Track[]> {
    const tracks: Track[] = [];
    for (const series of this.#options.series) {
      const { from } = series;
      const rows = 'file' in from ? await readSeries(from.file) : from.rows;
      const track = trackOf(series, rows);
      this.#skipped += rows.length - track.points.length;
      tracks.push(track);
    }
    return tracks;
  }
}

function trackOf(series: ReplaySeries, rows: readonly SeriesRow[]): Track {
  const { shift } = series;
  const recorded = rows.filter((row): row is Track['points'][number] => row.value !== null);
  const sorted = recorded.toSorted((a, b) => a.at - b.at);
  if (shift === undefined) return { series, points: sorted };
  // The first row counts even if nothing was recorded in it.
  const first = rows.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const byMs = 'byMs' in shift ? shift.byMs : shift.to - first;
  return { series, points: sorted.map(({ at, value }) => ({ at: at + byMs, value })) };
}

/** The smallest of the series' median spacings: jitter in one row does not make it tiny. */
function usualStep(tracks: readonly Track[]): number {
  const medians = tracks.flatMap(({ points }) => {
    const spacings = points
      .map(({ at }, index) => at - (points[index - 1]?.at ?? at))
      .filter((spacing) => spacing > 0)
      .sort((a, b) => a - b);
    return spacings.slice(Math.floor(spacings.length / 2)).slice(0, 1);
  });
  return medians.reduce((least, median) => Math.min(least, median), stepMsDefault);
}

/** Batches of the points from `begin` on; steps without points are left out. */
function* batchesOf(
  tracks: readonly Track[],
  stepMs: number,
  begin: number | null,
): Iterable<TelemetryBatch> {
  const origin = earliest(tracks.map(({ points }) => points[0]?.at));
  if (origin === null) return;
  const positions = tracks.map(({ points }) => (begin === null ? 0 : firstFrom(points, begin)));
  for (;;) {
    const next = earliest(tracks.map(({ points }, index) => points[positions[index] ?? 0]?.at));
    if (next === null) return;
    const upTo = origin + Math.ceil((next - origin) / stepMs) * stepMs;
    const points: TelemetryPoint[] = [];
    tracks.forEach((track, index) => {
      positions[index] = take(track, positions[index] ?? 0, { upTo, into: points });
    });
    yield { offset: String(upTo), upTo, points: points.sort((a, b) => a.at - b.at) };
  }
}

/** Adds the track's points up to a time and gives the position after them. */
function take(
  { series, points }: Track,
  from: number,
  { upTo, into }: { readonly upTo: number; readonly into: TelemetryPoint[] },
): number {
  const { tenant, service, metric, kind } = series;
  let position = from;
  for (; position < points.length; position += 1) {
    const point = points[position];
    if (point === undefined || point.at > upTo) break;
    into.push({ tenant, service, metric, kind, at: point.at, value: point.value });
  }
  return position;
}

function firstFrom(points: Track['points'], begin: number): number {
  const index = points.findIndex(({ at }) => at >= begin);
  return index < 0 ? points.length : index;
}

function earliest(times: readonly (number | undefined)[]): number | null {
  const least = times.reduce<number>(
    (least, time) => Math.min(least, time ?? Number.POSITIVE_INFINITY),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(least) ? least : null;
}
