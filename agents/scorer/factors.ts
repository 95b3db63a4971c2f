/**
 * The words risk and remediation share: what was seen, and what it argues for.
 *
 * A factor is a metric kind on one side of normal. Risk contributions spell it as text that
 * people read; this file is the only place that writes and reads that text, so the negotiator
 * understands a recorded risk without seeing the signals behind it.
 *
 * Pure.
 */
import type { Risk } from '#protocols/messages/risk.ts';
import type { MetricKind, Signal } from '#protocols/messages/signal.ts';

export type FactorName =
  | 'saturation-above'
  | 'saturation-idle'
  | 'latency-above'
  | 'traffic-above'
  | 'traffic-below'
  | 'errors-above'
  | 'spend-above';

/** The text of each factor, as contributions carry it. */
export const factorText: Readonly<Record<FactorName, string>> = {
  'saturation-above': 'saturation above normal',
  'saturation-idle': 'saturation below normal for long',
  'latency-above': 'latency above normal',
  'traffic-above': 'traffic above normal',
  'traffic-below': 'traffic collapsed',
  'errors-above': 'errors above normal',
  'spend-above': 'spend above normal',
};

const names = Object.keys(factorText) as readonly FactorName[];
const nameOfText = new Map(names.map((name) => [factorText[name], name]));

/** How strong each factor is for one service, 0..1; absent ones are 0. */
export type Evidence = Readonly<Partial<Record<FactorName, number>>>;

/** What a signal argues, or null: lower latency, fewer errors or less spend worry nobody. */
export function factorOf(
  kind: MetricKind,
  direction: Signal['evidence']['direction'],
  method: Signal['method'],
): FactorName | null {
  if (direction === 'above') return `${kind}-above`;
  if (kind === 'traffic') return 'traffic-below';
  // One idle moment is nothing; only the smoothed series shows idleness that stays.
  return kind === 'saturation' && method === 'ewma' ? 'saturation-idle' : null;
}

/** The evidence about one service that a recorded risk carries. */
export function evidenceIn(risk: Risk, service: string): Evidence {
  const evidence: Partial<Record<FactorName, number>> = {};
  for (const contribution of risk.contributions) {
    const name = nameOfText.get(contribution.factor);
    if (contribution.service === service && name) evidence[name] = contribution.weight;
  }
  return evidence;
}

/** Load that more replicas would carry. Traffic alone says less than what it does. */
export function loadOf(evidence: Evidence): number {
  return either(
    evidence['saturation-above'] ?? 0,
    evidence['latency-above'] ?? 0,
    0.7 * (evidence['traffic-above'] ?? 0),
  );
}

/** Money spent on capacity that nobody uses. */
export function wasteOf(evidence: Evidence): number {
  return either(evidence['saturation-idle'] ?? 0, 0.7 * (evidence['spend-above'] ?? 0));
}

/** Independent evidence adds up and never exceeds 1. */
export function either(...weights: readonly number[]): number {
  return 1 - weights.reduce((none, weight) => none * (1 - weight), 1);
}
