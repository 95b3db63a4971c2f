/** The few numbers of /metrics that an operator looks at first. Pure. */
import { bytes, count, duration } from './format.ts';
import { quantileOf, type Sample, sumOf } from './metrics.ts';

export interface Highlight {
  readonly label: string;
  readonly text: string;
  /** What the number is, in a sentence. */
  readonly about: string;
  /** Anything but zero wants a look. */
  readonly isAlarm?: boolean;
}

/** Numbers without a single sample are left out. */
export function highlightsOf(samples: readonly Sample[]): readonly Highlight[] {
  const prefix = prefixOf(samples);
  const sum = (name: string) => sumOf(samples, `${prefix}${name}`);
  const median = (name: string) => quantileOf(samples, `${prefix}${name}`, 0.5);
  const tail = (name: string) => quantileOf(samples, `${prefix}${name}`, 0.99);
  const dropped = sum('fabric_dropped_total') ?? 0;
  const alerts = sum('policy_alerts_total') ?? 0;
  const failures = sum('agent_failures_total') ?? 0;
  const all: readonly (Highlight | null)[] = [
    number('Telemetry points', sum('ingested_total'), 'Taken in since this process started.'),
    number('Anomalies', sum('signals_total'), 'Signals recorded by the regions of this process.'),
    number('Decisions', sum('certificates_total'), 'Certificates held, one in each region.'),
    seconds('Decision, median', median('decision_seconds'), 'From ballot to certificate.'),
    seconds('Decision, p99', tail('decision_seconds'), 'From ballot to certificate.'),
    seconds('Store sync, p99', tail('store_sync_seconds'), 'From a commit until it is durable.'),
    seconds('Requests, p99', tail('http_request_seconds'), 'Answers of this gateway.'),
    number('Live streams', sum('event_streams'), 'Consoles and clients that follow along.'),
    memory(sumOf(samples, `${prefix}process_resident_memory_bytes`)),
    alarm('Agent failures', failures, 'Each was followed by a restart or a stop.'),
    alarm('Policy alerts', alerts, 'Steps that a policy forbade.'),
    alarm('Messages dropped', dropped, 'Malformed, forged, repeated or foreign.'),
  ];
  return all.filter((highlight) => highlight !== null);
}

/** Operators may rename the prefix; the counter of audit entries is always there. */
function prefixOf(samples: readonly Sample[]): string {
  const suffix = 'audit_entries_total';
  const known = samples.find(({ name }) => name.endsWith(suffix));
  return known ? known.name.slice(0, -suffix.length) : 'quorate_';
}

function number(label: string, value: number | null, about: string): Highlight | null {
  return value === null ? null : { label, text: count(value), about };
}

function seconds(label: string, value: number | null, about: string): Highlight | null {
  return value === null ? null : { label, text: duration(value * 1000), about };
}

function memory(value: number | null): Highlight | null {
  return value === null
    ? null
    : { label: 'Memory', text: bytes(value), about: 'Resident, of this process.' };
}

function alarm(label: string, value: number, about: string): Highlight {
  return { label, text: count(value), about, isAlarm: value > 0 };
}
