/** Reading the Prometheus text format, as far as the gateway writes it. Pure. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Far more than the gateway has; what comes after is left out. */
const samplesMax = 20_000;
const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const row of text.split('\n')) {
    if (samples.length >= samplesMax) break;
    const [, name, labels = '', value] = line.exec(row) ?? [];
    if (name === undefined) continue;
    samples.push({ name, labels: labelsIn(labels), value: numberOf(value ?? '') });
  }
  return samples;
}

/** The sum over every series of a name that has these labels; null when there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const found = samples.filter((sample) => sample.name === name && has(sample, labels));
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}

/**
 * A quantile of a histogram over all its series, by linear interpolation in its bucket, as
 * Prometheus does it; null without observations.
 */
export function quantileOf(samples: readonly Sample[], name: string, share: number): number | null {
  const counts = new Map<number, number>();
  for (const { name: found, labels, value } of samples) {
    if (found !== `${name}_bucket`) continue;
    const bound = numberOf(labels.le ?? '');
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return lower + (bound - lower) * ((rank - below) / (count - below || 1));
    }
    lower = bound;
    below = count;
  }
  return lower;
}

function has({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(label)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
