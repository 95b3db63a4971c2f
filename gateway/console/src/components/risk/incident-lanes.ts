/**
 * An incident's signals in lanes: one lane for each service, the origin first, and each signal at
 * its place between the first and the last.
 */
import type { Severity } from '#protocols/messages/common.ts';
import type { Look } from '../../lib/tones.ts';
import { worse } from './strip.ts';

export interface LaneSignal {
  readonly signal_id: string;
  readonly ts: string;
  readonly service: string;
}

export interface Lane<T extends LaneSignal> {
  readonly service: string;
  readonly isOrigin: boolean;
  readonly dots: readonly {
    readonly signal: T;
    /** 0 at the first signal of the incident, 1 at the last. */
    readonly at: number;
    readonly isOrigin: boolean;
  }[];
}

export function lanesOf<T extends LaneSignal>(
  signals: readonly T[],
  origin: { readonly service: string; readonly signal_id: string },
): readonly Lane<T>[] {
  const times = signals.map(({ ts }) => Date.parse(ts));
  const from = Math.min(...times);
  const span = Math.max(...times) - from;
  const first = (service: string) =>
    Math.min(...signals.filter((one) => one.service === service).map(({ ts }) => Date.parse(ts)));
  const services = [...new Set(signals.map(({ service }) => service))].toSorted((a, b) => {
    if (a === origin.service) return -1;
    if (b === origin.service) return 1;
    return first(a) - first(b) || (a < b ? -1 : 1);
  });
  return services.map((service) => ({
    service,
    isOrigin: service === origin.service,
    dots: signals
      .filter((signal) => signal.service === service)
      .map((signal) => ({
        signal,
        at: span === 0 ? 0.5 : (Date.parse(signal.ts) - from) / span,
        isOrigin: signal.signal_id === origin.signal_id,
      })),
  }));
}

/** Open ones first; within each, as the server sent them: newest first. */
export function openFirst<T extends { readonly state: 'open' | 'closed' }>(
  incidents: readonly T[],
): readonly T[] {
  return [
    ...incidents.filter(({ state }) => state === 'open'),
    ...incidents.filter(({ state }) => state === 'closed'),
  ];
}

export function incidentLook(state: 'open' | 'closed'): Look {
  return state === 'open'
    ? { tone: 'warn', icon: 'incidents', label: 'Open' }
    : { tone: 'calm', icon: 'check', label: 'Closed' };
}

export function worstOf(signals: readonly { readonly severity: Severity }[]): Severity {
  return signals.reduce<Severity>((worst, { severity }) => worse(worst, severity), 'low');
}
