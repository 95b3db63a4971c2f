/** The evidence behind a signal, in words and short numbers. */
import type { SignalWire } from '../../lib/wire.ts';

const methods: Readonly<Record<string, string>> = { zscore: 'z-score', ewma: 'EWMA' };

/** `435M`, `12.3`, `0.0279`: three digits are what the number is worth. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.0001) return value.toExponential(1);
  return new Intl.NumberFormat('en-US', {
    maximumSignificantDigits: 3,
    notation: size >= 10_000 ? 'compact' : 'standard',
  }).format(value);
}

type Seen = Pick<SignalWire, 'metric' | 'method' | 'zscore' | 'ewma' | 'evidence'>;

/** Value, mean and deviation, what the method made of them, and from how many points. */
export function evidenceText({ metric, method, zscore, ewma, evidence }: Seen): string {
  const { value, mean, deviation, points } = evidence;
  return [
    `${metric} ${shortNumber(value)}`,
    `mean ${shortNumber(mean)}`,
    `deviation ${shortNumber(deviation)}`,
    `z-score ${shortNumber(zscore)}`,
    `EWMA ${shortNumber(ewma)}`,
    `found by ${methods[method] ?? method} in ${points.toLocaleString('en-US')} points`,
  ].join(' · ');
}
