/**
 * Synthetic telemetry: every region sees every service, and not quite the same.
 *
 * A series is a level with noise. Incidents, drawn from the seed, lift or drop a metric of one
 * service for a while; each region sees an incident in its own strength or not at all, so that
 * regions disagree about what is wrong. A point depends on seed, region and index only: a node
 * that reads again after a crash reads the same.
 */
import type { TelemetryBatch, TelemetryPoint, TelemetrySource } from '#fabric/ports.ts';
import { serviceOf, tenantOf } from '#protocols/ids.ts';
import type { MetricKind } from '#protocols/messages/signal.ts';
import { type NodeClock, worldBegins } from './clock.ts';
import type { Seed } from './seed.ts';

/** A batch a second of the node's clock, each of five minutes of event time. */
export const batchEveryMs = 1000;
const eventStepMs = 300_000;
/** The first batch brings the past that detectors need before they speak. */
const pastPoints = 160;
const incidentsPerTarget = 2;
/** The share of regions that see an incident at all. */
const seenBy = 0.75;

interface Series {
  readonly target: string;
  readonly metric: string;
  readonly kind: MetricKind;
  readonly level: number;
  readonly noise: number;
}

interface Incident {
  readonly target: string;
  readonly metric: string;
  readonly from: number;
  readonly until: number;
  /** In deviations; negative drops. */
  readonly strength: number;
  readonly seed: Seed;
}

const metrics: readonly { readonly metric: string; readonly kind: MetricKind }[] = [
  { metric: 'cpu', kind: 'saturation' },
  { metric: 'latency-ms', kind: 'latency' },
  { metric: 'requests', kind: 'traffic' },
  { metric: 'error-rate', kind: 'errors' },
];

export class Scenery {
  readonly #seed: Seed;
  readonly #series: readonly Series[];
  readonly #incidents: readonly Incident[];
  readonly #batches: number;

  constructor(seed: Seed, targets: readonly string[], batches: number) {
    this.#seed = seed;
    this.#batches = batches;
    this.#series = targets.flatMap((target) => drawSeries(seed.fork(`series/${target}`), target));
    this.#incidents = targets.flatMap((target) =>
      drawIncidents(seed.fork(`incidents/${target}`), target, batches),
    );
  }

  /** What one region sees, from a batch on. Each batch comes when it is due or at once if late. */
  sourceOf(region: string, clock: NodeClock): TelemetrySource {
    const scenery = this;
    return {
      async *open(offset) {
        for (let index = Number(offset ?? 0); index < scenery.#batches; index += 1) {
          const dueMs = worldBegins + index * batchEveryMs - clock.now();
          if (dueMs > 0) await clock.delay(dueMs, 'telemetry');
          yield scenery.#batch(region, index);
        }
      },
      async close() {},
    };
  }

  #batch(region: string, index: number): TelemetryBatch {
    const draw = this.#seed.fork(`${region}/${index}`);
    const count = index === 0 ? pastPoints : 1;
    const upTo = worldBegins + index * eventStepMs;
    const points: TelemetryPoint[] = [];
    for (let back = count - 1; back >= 0; back -= 1) {
      const at = upTo - back * eventStepMs;
      for (const series of this.#series) {
        points.push(this.#point(series, { region, index, at }, draw));
      }
    }
    return { offset: String(index + 1), upTo, points };
  }

  #point(
    { target, metric, kind, level, noise }: Series,
    where: { readonly region: string; readonly index: number; readonly at: number },
    draw: Seed,
  ): TelemetryPoint {
    let value = level + noise * draw.normal();
    for (const incident of this.#incidents) {
      if (incident.target !== target || incident.metric !== metric) continue;
      if (where.index < incident.from || where.index >= incident.until) continue;
      const own = incident.seed.fork(where.region);
      if (own.chance(seenBy)) value += noise * incident.strength * (0.3 + own.share());
    }
    const service = serviceOf(target);
    return {
      tenant: tenantOf(target),
      service,
      metric,
      kind,
      at: where.at,
      value: Math.max(0, value),
    };
  }
}

function drawSeries(draw: Seed, target: string): readonly Series[] {
  return metrics.map(({ metric, kind }) => {
    const level = draw.integer(50, 200);
    return { target, metric, kind, level, noise: level * (0.02 + 0.04 * draw.share()) };
  });
}

function drawIncidents(draw: Seed, target: string, batches: number): readonly Incident[] {
  return Array.from({ length: incidentsPerTarget }, (_, index) => {
    const from = draw.integer(3, Math.max(4, batches - 5));
    const strength = draw.integer(8, 30) * (draw.chance(0.8) ? 1 : -1);
    return {
      target,
      metric: draw.pick(metrics).metric,
      from,
      until: from + draw.integer(2, 12),
      strength,
      seed: draw.fork(`incident/${index}`),
    };
  });
}
