/**
 * Goal: incidents are a partition of the signals that any reader of the same log arrives at.
 * Method: any signals of one tenant in any order, folded as regions fold their logs.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Correlation,
  correlate,
  correlationLimits,
  type Incident,
  originOf,
  type Sighting,
} from '#agents/observer/correlate.ts';
import { noon } from '#test/support/agents.ts';

const { sameServiceMs, otherServiceMs, signalsMax, spanMaxMs } = correlationLimits;

const anySighting = fc.record({
  service: fc.constantFrom('checkout', 'catalog', 'search'),
  severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  at: fc.integer({ min: noon, max: noon + 3 * spanMaxMs }),
} as const);

function named(all: readonly Omit<Sighting, 'signalId' | 'tenant'>[]): readonly Sighting[] {
  return all.map((one, index) => ({ ...one, tenant: 'acme', signalId: `signal-${index}` }));
}

/** As a book does: every signal in turn, each incident replaced by what it grew to. */
function fold(sightings: readonly Sighting[], how?: Correlation): readonly Incident[] {
  const incidents = new Map<string, Incident>();
  for (const sighting of sightings) {
    const incident = correlate([...incidents.values()], sighting, how);
    incidents.set(incident.incidentId, incident);
  }
  return [...incidents.values()];
}

test('every signal is in exactly one incident, within the bounds of its size and span', () => {
  const limits = { ...correlationLimits, signalsMax: 8 };
  fc.assert(
    fc.property(fc.array(anySighting, { maxLength: 60 }), (all) => {
      const sightings = named(all);
      const incidents = fold(sightings, { limits });
      const held = incidents.flatMap((one) => one.sightings.map(({ signalId }) => signalId));
      expect(held.toSorted()).toEqual(sightings.map(({ signalId }) => signalId).toSorted());
      for (const { sightings: own, from, to } of incidents) {
        const times = own.map(({ at }) => at);
        expect([from, to]).toEqual([Math.min(...times), Math.max(...times)]);
        expect(own.length).toBeLessThanOrEqual(8);
        expect(to - from).toBeLessThanOrEqual(spanMaxMs);
      }
    }),
    { numRuns: 100 },
  );
});

test('the same log gives the same incidents with the same ids', () => {
  fc.assert(
    fc.property(fc.array(anySighting, { maxLength: 40 }), (all) => {
      expect(fold(named(all))).toEqual(fold(named(all)));
    }),
    { numRuns: 50 },
  );
});

test('an incident keeps its id while it grows', () => {
  fc.assert(
    fc.property(fc.array(anySighting, { minLength: 1, maxLength: 40 }), (all) => {
      const sightings = named(all);
      const early = fold(sightings.slice(0, -1)).map(({ incidentId }) => incidentId);
      const late = fold(sightings).map(({ incidentId }) => incidentId);
      expect(late.slice(0, early.length)).toEqual(early);
    }),
    { numRuns: 50 },
  );
});

test('a burst is one incident with one origin, in whatever order its signals come', () => {
  const anyBurst = fc.array(
    anySighting.map((one) => ({ ...one, at: noon + (one.at % otherServiceMs) })),
    { minLength: 1, maxLength: 12 },
  );
  const anyOrders = anyBurst.chain((burst) => {
    const sightings = named(burst);
    const shuffled = fc.shuffledSubarray([...sightings], { minLength: sightings.length });
    return fc.tuple(fc.constant(sightings), shuffled);
  });
  fc.assert(
    fc.property(anyOrders, ([sightings, shuffled]) => {
      const [one, ...others] = fold(shuffled);
      const [asItCame] = fold(sightings);
      expect(others).toEqual([]);
      expect(one && originOf(one)).toEqual(asItCame && originOf(asItCame));
    }),
    { numRuns: 100 },
  );
});

const at = (service: string, ms: number, severity: Sighting['severity'] = 'low', score = 0.5) => ({
  service,
  severity,
  score,
  at: noon + ms,
});

function idsOf(incidents: readonly Incident[]): readonly (readonly string[])[] {
  return incidents.map((one) => one.sightings.map(({ signalId }) => signalId));
}

test('trouble of one service goes on for longer than it spreads to others', () => {
  const late = otherServiceMs + 1;
  const incidents = fold(named([at('web', 0), at('web', late), at('db', 2 * late + 1)]));
  expect(idsOf(incidents)).toEqual([['signal-0', 'signal-1'], ['signal-2']]);
  expect(idsOf(fold(named([at('web', 0), at('web', sameServiceMs + 1)])))).toHaveLength(2);
});

test('a signal joins the closest incident', () => {
  const apart = sameServiceMs + 1;
  const incidents = fold(named([at('web', 0), at('web', apart), at('db', apart + 1)]));
  expect(idsOf(incidents)).toEqual([['signal-0'], ['signal-1', 'signal-2']]);
});

test('with a graph, services that do not depend on each other are apart', () => {
  const areRelated = (a: string, b: string) => [a, b].every((name) => name !== 'search');
  const all = named([at('web', 0), at('search', 1), at('db', 2)]);
  expect(idsOf(fold(all, { areRelated }))).toEqual([['signal-0', 'signal-2'], ['signal-1']]);
});

test('an incident that is full takes no more', () => {
  const all = named(Array.from({ length: signalsMax + 1 }, (_, index) => at('web', index)));
  expect(fold(all).map(({ sightings }) => sightings.length)).toEqual([signalsMax, 1]);
});

test('it began where the first strong signal was, and the reason says so', () => {
  const [incident] = fold(
    named([
      at('web', 0),
      at('db', 60_000, 'critical', 0.9),
      at('cache', 60_000, 'high', 0.8),
      at('web', 90_000, 'critical', 0.95),
    ]),
  );
  expect(incident && originOf(incident)).toEqual({
    service: 'db',
    signalId: 'signal-1',
    reason:
      'db gave the first critical signal (2026-01-10T12:01:00.000Z); also concerned: cache, web',
  });
});

test('where no signal is strong, the first of the strongest counts', () => {
  const [incident] = fold(named([at('web', 0), at('db', 1, 'medium'), at('web', 2, 'medium')]));
  expect(incident && originOf(incident).service).toBe('db');
});
