/** The book of signals and incidents, fed with the entries that a region logs. */
import { expect, test } from 'vitest';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import { IncidentBook, isOver } from '#regions/incidents.ts';
import { hourMs, noon } from '#test/support/agents.ts';

const tenant = 'acme';
let seq = 0;

function entry(part: Pick<AuditEntry, 'step' | 'facts'> & Partial<AuditEntry>): AuditEntry {
  seq += 1;
  const at = '2026-02-01T00:00:00.000Z';
  const base = { type: 'audit/1', seq, region: 'eu', at, actor: 'agent:observer' } as const;
  return { ...base, tenant, reason: '', digests: {}, ...part };
}

function signal(name: string, ms: number, service = 'web', severity = 'low'): AuditEntry {
  const at = new Date(noon + ms).toISOString();
  const facts = { signalId: name, severity, score: 0.5, at };
  return entry({ step: 'signal', target: `${tenant}/${service}`, facts });
}

function risk(riskId: string, ms: number): AuditEntry {
  return entry({ step: 'risk', facts: { riskId, at: new Date(noon + ms).toISOString() } });
}

function bookOf(entries: readonly AuditEntry[], signalsMax?: number): IncidentBook {
  const book = new IncidentBook(signalsMax);
  for (const one of entries) book.add(one);
  return book;
}

const all = { limit: 100, after: null };
const idsOf = (book: IncidentBook, filter = {}) =>
  book.signals(tenant, all, filter).map(({ signalId }) => signalId);
const groupsOf = (book: IncidentBook) =>
  book
    .incidents(tenant, 100, Number.MAX_SAFE_INTEGER)
    .map(({ incident }) => incident.sightings.map(({ signalId }) => signalId));

test('signals come newest first by event time, however late they were logged', () => {
  const book = bookOf([signal('b', 2), signal('a', 1), signal('d', 3), signal('c', 3)]);
  expect(idsOf(book)).toEqual(['d', 'c', 'b', 'a']);
});

test('filters narrow, and pages join to the whole', () => {
  const entries = Array.from({ length: 25 }, (_, index) =>
    signal(`s${String(index).padStart(2, '0')}`, index * 10, index % 2 ? 'web' : 'db', 'high'),
  );
  const book = bookOf(entries);
  const seen: string[] = [];
  for (let after: { at: number; signalId: string } | null = null; ; ) {
    const page = book.signals(tenant, { limit: 4, after }, { service: 'web' });
    seen.push(...page.map(({ signalId }) => signalId));
    const last = page.at(-1);
    if (!last) break;
    after = last;
  }
  expect(seen).toEqual(idsOf(book, { service: 'web' }));
  expect(seen).toHaveLength(12);
  expect(idsOf(book, { severity: 'low' })).toEqual([]);
  expect(idsOf(book, { since: noon + 230 })).toEqual(['s24', 's23']);
});

test('a signal logged twice counts once, and tenants do not mix', () => {
  const once = signal('a', 0);
  const book = bookOf([once, once, { ...signal('x', 0), tenant: 'globex', target: 'globex/web' }]);
  expect(idsOf(book)).toEqual(['a']);
  expect(book.incidentOf('globex', 'a')).toBeNull();
});

test('the risk that follows a signal is of its incident; what decays later is not', () => {
  const book = bookOf([
    signal('a', 0),
    signal('b', 10 * hourMs),
    risk('counts-a', 0),
    risk('counts-b', 10 * hourMs),
    risk('decayed', 12 * hourMs),
  ]);
  const [newest, oldest] = book.incidents(tenant, 2, Number.MAX_SAFE_INTEGER);
  expect([oldest?.riskId, newest?.riskId]).toEqual(['counts-a', 'counts-b']);
});

test('beyond the bound the oldest incidents go whole, and a rebuilt book is the same', () => {
  const entries = Array.from({ length: 40 }, (_, index) => [
    signal(`a${index}`, index * 10 * hourMs),
    signal(`b${index}`, index * 10 * hourMs + 1),
    risk(`r${index}`, index * 10 * hourMs + 1),
  ]).flat();
  const grown = bookOf(entries, 10);
  expect(groupsOf(grown)).toHaveLength(5);
  expect(groupsOf(grown).flat().toSorted()).toEqual(idsOf(grown).toSorted());
  expect(grown.incidentOf(tenant, 'a0')).toBeNull();
  const rebuilt = bookOf(entries, 10);
  expect(rebuilt.incidents(tenant, 9, 99)).toEqual(grown.incidents(tenant, 9, 99));
});

test('an incident is over when no signal can join it any more', () => {
  const book = bookOf([signal('a', 0)]);
  const [kept] = book.incidents(tenant, 1, 1);
  expect(kept && isOver(kept.incident, noon + hourMs)).toBe(false);
  expect(kept && isOver(kept.incident, noon + 5 * hourMs)).toBe(true);
});
