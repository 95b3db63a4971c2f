/**
 * Which signals of one tenant are one incident.
 *
 * Signals are taken in one by one, in the order of the region's log, so the same log always
 * gives the same incidents with the same ids. A signal joins an incident that is close to it in
 * event time: one of the same service for as long as its trouble is not signalled again
 * (`sameServiceMs`), one of related services for less (`otherServiceMs`). Which services are
 * related, a dependency graph would know; without one, all services of a tenant are.
 *
 * Incidents never merge, so that an id once shown stays. How signals of one instant are ordered
 * decides at most what the incident is called: a group of them joins, or opens, one incident.
 *
 * Pure.
 */
import { required } from '#protocols/assert.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Severity } from '#protocols/messages/common.ts';

/** What correlation needs to know of a signal. */
export interface Sighting {
  readonly signalId: string;
  readonly tenant: string;
  readonly service: string;
  readonly severity: Severity;
  readonly score: number;
  /** Event time, milliseconds. */
  readonly at: number;
}

export interface Incident {
  readonly incidentId: string;
  /** In the order they were taken in. */
  readonly sightings: readonly Sighting[];
  /** Event time of its oldest and newest signal. */
  readonly from: number;
  readonly to: number;
}

export interface CorrelationLimits {
  readonly sameServiceMs: number;
  readonly otherServiceMs: number;
  /** An incident takes no more signals, and no later ones, than this. */
  readonly signalsMax: number;
  readonly spanMaxMs: number;
}

export const correlationLimits: CorrelationLimits = {
  // The observer's cooldown of two hours and as much again: trouble that lasts is one incident.
  sameServiceMs: 4 * 3_600_000,
  // What spreads between services does so within minutes; telemetry comes every five.
  otherServiceMs: 30 * 60_000,
  signalsMax: 256,
  // Trouble of another day is looked at anew.
  spanMaxMs: 24 * 3_600_000,
};

/** Whether trouble may spread from one service to another; the graph there is not yet. */
export type AreRelated = (service: string, other: string) => boolean;

/** Without a graph: services of one tenant may all depend on each other. */
const allRelated: AreRelated = () => true;

export interface Correlation {
  readonly limits?: CorrelationLimits;
  readonly areRelated?: AreRelated;
}

/** The incident that a signal belongs to, grown by it: the closest that has room, or a new one. */
export function correlate(
  known: readonly Incident[],
  sighting: Sighting,
  { limits = correlationLimits, areRelated = allRelated }: Correlation = {},
): Incident {
  let closest: { readonly incident: Incident; readonly gap: number } | null = null;
  for (const incident of known) {
    if (!hasRoom(incident, sighting, limits)) continue;
    const gap = gapTo(incident, sighting, limits, areRelated);
    if (gap !== null && (closest === null || gap < closest.gap)) closest = { incident, gap };
  }
  return closest ? grown(closest.incident, sighting) : begun(sighting);
}

/** Services that a sentence names. */
const namesMax = 5;

/** Where an incident most likely began. */
export interface Origin {
  readonly service: string;
  readonly signalId: string;
  readonly reason: string;
}

/**
 * The service of the earliest strong signal, or of the earliest of the strongest where none is
 * strong. Of one instant, the highest score counts, then the name: no order of arrival matters.
 */
export function originOf({ sightings }: Incident): Origin {
  const strong = sightings.filter(({ severity }) => rank(severity) >= rank('high'));
  const most = Math.max(...sightings.map(({ severity }) => rank(severity)));
  const among =
    strong.length > 0 ? strong : sightings.filter(({ severity }) => rank(severity) === most);
  const [first] = among.toSorted(
    (a, b) => a.at - b.at || b.score - a.score || (a.signalId < b.signalId ? -1 : 1),
  );
  const { service, signalId, severity, at } = required(first, 'an incident has a signal');
  const others = [...new Set(sightings.map((one) => one.service))]
    .filter((other) => other !== service)
    .toSorted();
  const also = others.length === 0 ? 'no other service' : listed(others);
  const when = new Date(at).toISOString();
  return {
    service,
    signalId,
    reason: `${service} gave the first ${severity} signal (${when}); also concerned: ${also}`,
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - namesMax;
  return names.slice(0, namesMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

function rank(severity: Severity): number {
  return severities.indexOf(severity);
}

function begun(sighting: Sighting): Incident {
  const name = ['quorate/incident/1', sighting.tenant, sighting.signalId];
  return {
    incidentId: digestOf(canonicalBytes(name)).slice('sha256:'.length),
    sightings: [sighting],
    from: sighting.at,
    to: sighting.at,
  };
}

function grown(incident: Incident, sighting: Sighting): Incident {
  return {
    ...incident,
    sightings: [...incident.sightings, sighting],
    from: Math.min(incident.from, sighting.at),
    to: Math.max(incident.to, sighting.at),
  };
}

function hasRoom(
  { sightings, from, to }: Incident,
  { at }: Sighting,
  limits: CorrelationLimits,
): boolean {
  const span = Math.max(to, at) - Math.min(from, at);
  return sightings.length < limits.signalsMax && span <= limits.spanMaxMs;
}

/** How far the signal is from the nearest one that it may belong to; null when from all. */
function gapTo(
  { sightings }: Incident,
  { service, at }: Sighting,
  limits: CorrelationLimits,
  areRelated: AreRelated,
): number | null {
  const gaps = sightings.flatMap((one) => {
    const gap = Math.abs(one.at - at);
    if (one.service === service) return gap <= limits.sameServiceMs ? [gap] : [];
    return gap <= limits.otherServiceMs && areRelated(one.service, service) ? [gap] : [];
  });
  return gaps.length === 0 ? null : Math.min(...gaps);
}
