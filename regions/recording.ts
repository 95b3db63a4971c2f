/**
 * A data set as one region replays it: its own series, how fast, and when they end.
 */
import { type ReplaySeries, readSeries } from '#fabric/open.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { type Dataset, stateAtStart } from './dataset.ts';

const replaySeconds = 20;
const speedMin = 80_000;

/** Read now: a row that cannot be read ends the start, not the run. */
export function seriesOf(dataset: Dataset, region: string): Promise<readonly ReplaySeries[]> {
  const series = dataset.tenants.flatMap((tenant) =>
    tenant.services.flatMap(({ service, series }) =>
      series
        .filter((one) => one.region === region)
        .map(async ({ metric, kind, file, shiftTo }) => ({
          tenant: tenant.id,
          service,
          metric,
          kind,
          from: { rows: await readSeries(file) },
          shift: { to: Date.parse(shiftTo) },
        })),
    ),
  );
  return Promise.all(series);
}

/** The event time of the last row, once the first one is moved to where it belongs. */
export function endOf(series: readonly ReplaySeries[]): number {
  const ends = series.map(({ from, shift }) => {
    const rows = 'rows' in from ? from.rows : [];
    const [first, last] = [rows[0]?.at ?? 0, rows.at(-1)?.at ?? 0];
    if (!shift) return last;
    return last + ('to' in shift ? shift.to - first : shift.byMs);
  });
  return Math.max(0, ...ends);
}

/** Twenty seconds for the whole recording, and never slower than 18 days in that time. */
export function usualSpeed(series: readonly ReplaySeries[]): number {
  const seconds = series.map(({ from }) => {
    const rows = 'rows' in from ? from.rows : [];
    return ((rows.at(-1)?.at ?? 0) - (rows[0]?.at ?? 0)) / 1000;
  });
  return Math.max(speedMin, ...seconds.map((span) => span / replaySeconds));
}

export function targetsOf(dataset: Dataset): readonly TargetState[] {
  return dataset.tenants.flatMap(({ id, services }) =>
    services.map(({ service, home }) => stateAtStart(`${id}/${service}`, home)),
  );
}
