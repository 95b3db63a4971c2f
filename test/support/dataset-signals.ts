/**
 * The signals that a data set's series give, each region's observer applied: for tests that
 * start where detection ends.
 */
import { readFileSync } from 'node:fs';
import {
  detect,
  type Heard,
  isNews,
  observerLimits,
  remember,
  type SeriesPoint,
  signalOf,
} from '#agents/observer/observer.logic.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import type { Dataset, DatasetSeries } from '#regions/dataset.ts';

/** In event-time order. */
export function signalsOf(dataset: Dataset): readonly Signal[] {
  const signals = dataset.tenants.flatMap((tenant) =>
    tenant.services.flatMap(({ service, series }) =>
      series.flatMap((one) => seriesSignals(tenant.id, service, one)),
    ),
  );
  return signals.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function seriesSignals(tenant: string, service: string, series: DatasetSeries): readonly Signal[] {
  const { anomalies } = detect(undefined, pointsOf(service, series));
  const signals: Signal[] = [];
  let heard: Heard = {};
  for (const anomaly of anomalies) {
    const signal = signalOf(anomaly, tenant, series.region);
    if (!isNews(heard, signal, observerLimits)) continue;
    heard = remember(heard, signal, observerLimits);
    signals.push(signal);
  }
  return signals;
}

function pointsOf(service: string, series: DatasetSeries): readonly SeriesPoint[] {
  const { metric, kind } = series;
  const rows = readFileSync(series.file, 'utf8').trim().split('\n').slice(1);
  const points = rows.map((row) => {
    const [timestamp = '', value = ''] = row.split(',');
    const at = Date.parse(`${timestamp.replace(' ', 'T')}Z`);
    return { service, metric, kind, at, value: Number(value) };
  });
  const shift = Date.parse(series.shiftTo) - (points[0]?.at ?? 0);
  return points.map((point) => ({ ...point, at: point.at + shift }));
}
