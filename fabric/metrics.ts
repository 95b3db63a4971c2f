/**
 * Prometheus metrics, by prom-client; the only file that knows it.
 *
 * Every metric is declared in one table with its help text and its labels. A name or label that
 * is not declared is a bug. Label values are few by design; should one not be, the series beyond
 * the bound are counted under `other` instead of growing without end.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { assert } from '#protocols/assert.ts';
import type { Metrics } from './ports.ts';

interface Declared {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
  /** Where the usual bound is too low. */
  readonly seriesMax?: number;
}

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** All metrics, by name without the prefix. */
export const metricsTable = {
  signals_total: { type: 'counter', help: 'Signals recorded.' },
  anomaly_total: { type: 'counter', help: 'Anomalous points that detectors found.' },
  ingested_total: { type: 'counter', help: 'Telemetry points taken in.' },
  candidates_total: { type: 'counter', help: 'Manifests put forward by this region.' },
  counters_total: { type: 'counter', help: 'Counter-proposals made by this region.' },
  certificates_total: {
    type: 'counter',
    help: 'Decisions certified, by what was decided.',
    labels: ['outcome'],
  },
  rounds: {
    type: 'histogram',
    help: 'Rounds a ballot took.',
    buckets: [1, 2, 3, 4, 5, 8, 13, 21],
  },
  votes_total: { type: 'counter', help: 'Votes signed by this region.', labels: ['step'] },
  enactments_total: {
    type: 'counter',
    help: 'Certified decisions that ended at their executor.',
    labels: ['outcome'],
  },
  fabric_dropped_total: {
    type: 'counter',
    help: 'Fabric messages dropped, by reason.',
    labels: ['reason'],
  },
  fabric_not_sent_total: {
    type: 'counter',
    help: 'Fabric messages that could not leave, by reason.',
    labels: ['reason'],
  },
  fabric_peers_refused_total: {
    type: 'counter',
    help: 'Peers refused because they speak another version or belong elsewhere.',
  },
  fabric_peers_muted_total: {
    type: 'counter',
    help: 'Times a peer was not listened to for a while because its messages kept failing.',
  },
  mailbox_depth: {
    type: 'gauge',
    help: 'Inputs that waited when a turn began.',
    labels: ['mailbox'],
  },
  store_sync_seconds: {
    type: 'histogram',
    help: 'From committing a batch until it is durable.',
    buckets: seconds,
  },
  decision_seconds: {
    type: 'histogram',
    help: 'From the opening of a ballot until its certificate.',
    buckets: [...seconds, 10, 30, 60],
  },
  audit_entries_total: { type: 'counter', help: 'Entries appended to the audit log.' },
  agent_failures_total: {
    type: 'counter',
    help: 'Errors of agents, each followed by a restart or a stop.',
    labels: ['agent'],
  },
  agents_stopped_total: {
    type: 'counter',
    help: 'Agents stopped for good after too many restarts.',
    labels: ['agent'],
  },
  agent_words_lost_total: {
    type: 'counter',
    help: 'Emitted events whose handling failed.',
    labels: ['agent'],
  },
  tenants_active: { type: 'gauge', help: 'Tenants whose agents are in memory.' },
  mailbox_refused_total: {
    type: 'counter',
    help: 'Inputs refused because a mailbox was full.',
    labels: ['mailbox'],
  },
  policy_alerts_total: {
    type: 'counter',
    help: 'Policy violations that raised an alert.',
    labels: ['policy'],
  },
  http_requests_total: {
    type: 'counter',
    help: 'Requests answered, by route template.',
    labels: ['method', 'route', 'status'],
    // Some fifty routes, each with a handful of answers.
    seriesMax: 1000,
  },
  http_request_seconds: {
    type: 'histogram',
    help: 'From the head of a request until its answer was sent.',
    labels: ['route'],
    buckets: seconds,
  },
  event_streams: { type: 'gauge', help: 'Clients of the event stream.' },
  events_sent_total: { type: 'counter', help: 'Audit entries sent to event streams.' },
  event_streams_slow_total: {
    type: 'counter',
    help: 'Event streams ended because their client stopped reading.',
  },
} as const satisfies Readonly<Record<string, Declared>>;

export type MetricName = keyof typeof metricsTable;

export interface MetricsOptions {
  /** What every name begins with. */
  readonly prefix?: string;
  /** On every series, such as the region. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RenderedMetrics extends Metrics {
  /** The text of `/metrics`. */
  render(): Promise<string>;
  readonly contentType: string;
}

const usualSeriesMax = 200;

type Labels = Readonly<Record<string, string>>;
type Metric = Counter | Gauge | Histogram;

export function createMetrics(options: MetricsOptions = {}): RenderedMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ ...options.labels });
  const metrics = new Map<string, Metric>(
    Object.entries<Declared>(metricsTable).map(([name, declared]) => [
      name,
      register(registry, `${options.prefix ?? 'quorate_'}${name}`, declared),
    ]),
  );
  const bound = createBound();
  return {
    count: (name, labels = {}, by = 1) => {
      const metric = metrics.get(name);
      assert(metric instanceof Counter, `${name} is a declared counter`);
      metric.inc(bound(name, labels), by);
    },
    gauge: (name, value, labels = {}) => {
      const metric = metrics.get(name);
      assert(metric instanceof Gauge, `${name} is a declared gauge`);
      metric.set(bound(name, labels), value);
    },
    observe: (name, value, labels = {}) => {
      const metric = metrics.get(name);
      assert(metric instanceof Histogram, `${name} is a declared histogram`);
      metric.observe(bound(name, labels), value);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function register(registry: Registry, name: string, declared: Declared): Metric {
  const common = {
    name,
    help: declared.help,
    labelNames: [...(declared.labels ?? [])],
    registers: [registry],
  };
  if (declared.type === 'counter') return new Counter(common);
  if (declared.type === 'gauge') return new Gauge(common);
  return new Histogram({ ...common, buckets: [...(declared.buckets ?? seconds)] });
}

/** Checks labels against the table and folds the series beyond the bound into `other`. */
function createBound(): (name: string, labels: Labels) => Labels {
  const seen = new Map<string, Set<string>>();
  return (name, labels) => {
    const { labels: declared = [], seriesMax = usualSeriesMax }: Declared =
      metricsTable[name as MetricName];
    const given = Object.keys(labels);
    const isDeclared =
      given.length === declared.length && given.every((label) => declared.includes(label));
    assert(isDeclared, `${name} has the labels [${declared}], not [${given}]`);
    if (declared.length === 0) return labels;
    const series = JSON.stringify(declared.map((label) => labels[label]));
    const known = seen.get(name) ?? new Set<string>();
    seen.set(name, known);
    if (known.size < seriesMax) known.add(series);
    if (known.has(series)) return labels;
    return Object.fromEntries(declared.map((label) => [label, 'other']));
  };
}
