/**
 * The book of signals and incidents: a read model over the audit log, rebuilt on start and
 * updated as entries become durable, never a source of truth itself.
 *
 * It keeps of every signal what finding and correlating need; the documents stay in the store.
 * What is kept is bounded for each tenant: the oldest incidents go first, with all their signals.
 * The same log gives the same book, whether it was read at once or grew.
 */
import {
  correlate,
  correlationLimits,
  type Incident,
  type Sighting,
} from '#agents/observer/correlate.ts';
import { required } from '#protocols/assert.ts';
import { serviceOf } from '#protocols/ids.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import type { SignalFilter } from './node.ts';

/** About 300 bytes each. */
const signalsPerTenantMax = 10_000;
/** Incidents that a new signal is compared with, the newest ones. */
const comparedMax = 64;
/** A risk of so much later event time was not raised by the newest signal: it decays. */
const decayMs = 3_600_000;

export interface KeptIncident {
  /** Counts the tenant's incidents in the order they began. */
  readonly number: number;
  readonly incident: Incident;
  /** The newest risk that its signals raised. */
  readonly riskId: string | null;
}

/** A place in a list by time; the id decides between signals of one instant. */
interface Place {
  readonly at: number;
  readonly signalId: string;
}

interface TenantBook {
  /** Ascending by event time, then id. */
  readonly signals: Sighting[];
  readonly incidentOf: Map<string, string>;
  /** In the order they began. */
  readonly incidents: Map<string, KeptIncident>;
  begun: number;
  /** Incidents with a signal that no risk has answered yet. */
  readonly unanswered: Set<string>;
  /** The incident of the newest signal. */
  latest: string;
}

export class IncidentBook {
  readonly #tenants = new Map<string, TenantBook>();
  readonly #signalsMax: number;

  constructor(signalsMax = signalsPerTenantMax) {
    this.#signalsMax = signalsMax;
  }

  add(entry: AuditEntry): void {
    if (entry.step === 'signal') this.#addSignal(sightingOf(entry));
    if (entry.step === 'risk') this.#addRisk(entry);
  }

  incidentOf(tenant: string, signalId: string): string | null {
    return this.#tenants.get(tenant)?.incidentOf.get(signalId) ?? null;
  }

  incident(tenant: string, incidentId: string): KeptIncident | null {
    return this.#tenants.get(tenant)?.incidents.get(incidentId) ?? null;
  }

  /** Newest first, those that began before the given number. */
  incidents(tenant: string, limit: number, before: number): readonly KeptIncident[] {
    const all = [...(this.#tenants.get(tenant)?.incidents.values() ?? [])];
    return all
      .filter(({ number }) => number < before)
      .toReversed()
      .slice(0, limit);
  }

  /** Newest first, from after the place on; one more than the limit shows that there is more. */
  signals(
    tenant: string,
    { limit, after }: { readonly limit: number; readonly after: Place | null },
    { since = Number.NEGATIVE_INFINITY, service, severity }: SignalFilter,
  ): readonly Sighting[] {
    const all = this.#tenants.get(tenant)?.signals ?? [];
    const found: Sighting[] = [];
    const end = after ? placeOf(all, after) : all.length;
    for (let index = end - 1; index >= 0 && found.length < limit; index -= 1) {
      const one = required(all[index], 'the index is within the list');
      if (one.at < since) break;
      if (service !== undefined && one.service !== service) continue;
      if (severity === undefined || one.severity === severity) found.push(one);
    }
    return found;
  }

  #addSignal(sighting: Sighting): void {
    const book = this.#bookOf(sighting.tenant);
    if (book.incidentOf.has(sighting.signalId)) return;
    const near = [...book.incidents.values()].slice(-comparedMax).map(({ incident }) => incident);
    const incident = correlate(near, sighting);
    const known = book.incidents.get(incident.incidentId);
    const number = known?.number ?? book.begun;
    if (!known) book.begun += 1;
    book.incidents.set(incident.incidentId, { number, incident, riskId: known?.riskId ?? null });
    book.incidentOf.set(sighting.signalId, incident.incidentId);
    book.unanswered.add(incident.incidentId);
    book.latest = incident.incidentId;
    book.signals.splice(placeOf(book.signals, sighting), 0, sighting);
    if (book.signals.length > this.#signalsMax) forgetOldest(book);
  }

  /** The scorer says a risk after every signal, and again as the risk decays by the hour. */
  #addRisk({ tenant, facts }: AuditEntry): void {
    const book = this.#tenants.get(tenant);
    if (!book) return;
    const latest = book.incidents.get(book.latest);
    const ageMs = Date.parse(String(facts.at)) - (latest?.incident.to ?? 0);
    if (latest && ageMs < decayMs) book.unanswered.add(book.latest);
    for (const incidentId of book.unanswered) {
      const known = book.incidents.get(incidentId);
      if (known) book.incidents.set(incidentId, { ...known, riskId: String(facts.riskId) });
    }
    book.unanswered.clear();
  }

  #bookOf(tenant: string): TenantBook {
    const known = this.#tenants.get(tenant);
    if (known) return known;
    const book: TenantBook = {
      signals: [],
      incidentOf: new Map(),
      incidents: new Map(),
      begun: 0,
      unanswered: new Set(),
      latest: '',
    };
    this.#tenants.set(tenant, book);
    return book;
  }
}

/** Whether no signal can join it any more, once event time has come so far. */
export function isOver({ to }: Incident, eventTime: number): boolean {
  return eventTime - to > correlationLimits.sameServiceMs;
}

function sightingOf({ tenant, target, facts }: AuditEntry): Sighting {
  return {
    signalId: String(facts.signalId),
    tenant,
    service: serviceOf(required(target, 'a signal entry names its target')),
    severity: facts.severity as Signal['severity'],
    score: Number(facts.score),
    at: Date.parse(String(facts.at)),
  };
}

function forgetOldest(book: TenantBook): void {
  const [oldest] = book.incidents.values();
  if (!oldest || book.incidents.size === 1) return;
  book.incidents.delete(oldest.incident.incidentId);
  book.unanswered.delete(oldest.incident.incidentId);
  const gone = new Set(oldest.incident.sightings.map(({ signalId }) => signalId));
  for (const signalId of gone) book.incidentOf.delete(signalId);
  const kept = book.signals.filter(({ signalId }) => !gone.has(signalId));
  book.signals.splice(0, book.signals.length, ...kept);
}

/** How many signals are before the place. */
function placeOf(signals: readonly Sighting[], place: Place): number {
  let low = 0;
  let high = signals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = signals[middle];
    if (one && isBefore(one, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(a: Place, b: Place): boolean {
  return a.at < b.at || (a.at === b.at && a.signalId < b.signalId);
}
