import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evidenceIn, factorOf } from '#agents/scorer/factors.ts';
import {
  advance,
  concernMin,
  isNews,
  recordSignal,
  riskLimits,
  riskOf,
  type ScorerState,
  scorerStart,
} from '#agents/scorer/risk.ts';
import { validate } from '#protocols/messages/index.ts';
import type { MetricKind, Signal } from '#protocols/messages/signal.ts';
import { hourMs, noon, signalWith } from '#test/support/agents.ts';

const after = (...signals: Signal[]): ScorerState =>
  signals.reduce((state, signal) => recordSignal(state, signal), scorerStart);
const risk = (state: ScorerState) => riskOf(state, 'acme', 'eu-west');

test('saturation above normal is a performance risk of its service', () => {
  const { services, performance, cost, contributions } = risk(after(signalWith()));
  expect(services).toEqual([
    {
      service: 'checkout',
      security: 0,
      cost: 0,
      performance: 0.56,
      overall: 0.56,
      severity: 'medium',
    },
  ]);
  expect([performance, cost]).toEqual([0.56, 0]);
  expect(contributions).toEqual([
    {
      factor: 'saturation above normal',
      service: 'checkout',
      weight: 0.56,
      signalId: signalWith().signalId,
    },
  ]);
});

test('idleness that stays is a cost risk; one idle moment is none', () => {
  const idle = signalWith({ direction: 'below', method: 'ewma', ewma: -9 });
  const moment = signalWith({ direction: 'below', method: 'zscore', zscore: -9 });
  expect(risk(after(idle)).cost).toBeGreaterThan(0.5);
  expect(risk(after(moment)).overall).toBe(0);
});

test('errors are a security risk as well as a performance risk', () => {
  const { security, performance } = risk(after(signalWith({ kind: 'errors' })));
  expect(security).toBeGreaterThan(performance);
  expect(performance).toBeGreaterThan(0);
});

test('lower latency, fewer errors and less spend worry nobody', () => {
  expect(factorOf('latency', 'below', 'ewma')).toBeNull();
  expect(factorOf('errors', 'below', 'ewma')).toBeNull();
  expect(factorOf('spend', 'below', 'zscore')).toBeNull();
});

test('a risk halves with every half-life and is forgotten in the end', () => {
  const state = after(signalWith());
  const later = advance(state, noon + riskLimits.halfLifeMs);
  expect(risk(later).overall).toBeCloseTo(0.28, 6);
  expect(advance(state, noon + 100 * hourMs).services).toEqual({});
});

test('the same signal twice weighs once', () => {
  expect(risk(after(signalWith(), signalWith()))).toEqual(risk(after(signalWith())));
});

test('event time never goes back', () => {
  const state = after(signalWith(), signalWith({ metric: 'memory', at: noon - hourMs }));
  expect(state.at).toBe(noon);
  expect(risk(state).overall).toBeGreaterThan(0.56);
});

test('a recorded risk says which evidence there is for each service', () => {
  const recorded = risk(after(signalWith(), signalWith({ kind: 'latency', service: 'catalog' })));
  expect(evidenceIn(recorded, 'checkout')).toEqual({ 'saturation-above': 0.56 });
  expect(evidenceIn(recorded, 'catalog')).toEqual({ 'latency-above': 0.7 });
  expect(evidenceIn(recorded, 'nothing')).toEqual({});
});

test('time alone makes a risk news while it is of concern, and when it has faded', () => {
  const before = risk(after(signalWith()));
  const lasting = risk(advance(after(signalWith()), noon + hourMs));
  expect(lasting.overall).toBeGreaterThan(concernMin);
  expect(isNews(lasting, before)).toBe(true);
  expect(isNews(before, before)).toBe(false);
  const faded = risk(advance(after(signalWith()), noon + 24 * hourMs));
  expect(isNews(faded, before)).toBe(true);
  expect(isNews(risk(advance(after(signalWith()), noon + 25 * hourMs)), faded)).toBe(false);
});

const kinds: readonly MetricKind[] = ['saturation', 'latency', 'traffic', 'errors', 'spend'];
const arbitrarySignal = fc
  .record({
    service: fc.constantFrom('checkout', 'catalog', 'search'),
    metric: fc.constantFrom('cpu', 'latency', 'queue'),
    kind: fc.constantFrom(...kinds),
    direction: fc.constantFrom('above' as const, 'below' as const),
    method: fc.constantFrom('zscore' as const, 'ewma' as const),
    score: fc.double({ min: 0.5, max: 0.99, noNaN: true }),
    at: fc.integer({ min: noon, max: noon + 48 * hourMs }),
  })
  .map((change) => signalWith(change));

// Goal: whatever is signalled, a risk is a valid message and memory is bounded.
test('any signals make a valid risk from a bounded memory', () => {
  fc.assert(
    fc.property(fc.array(arbitrarySignal, { maxLength: 80 }), (signals) => {
      const state = after(...signals);
      expect(validate(['risk/1'], risk(state))).toMatchObject({ ok: true });
      for (const seen of Object.values(state.services)) {
        expect(seen.length).toBeLessThanOrEqual(riskLimits.signalsPerServiceMax);
      }
      expect(risk(JSON.parse(JSON.stringify(state)) as ScorerState)).toEqual(risk(state));
    }),
    { numRuns: 100 },
  );
});

test('beyond the limit of services the calmest is forgotten', () => {
  const limits = { ...riskLimits, servicesMax: 2 };
  const scores = { alpha: 0.6, beta: 0.9, gamma: 0.8 };
  const state = Object.entries(scores).reduce<ScorerState>(
    (before, [service, score]) => recordSignal(before, signalWith({ service, score }), limits),
    scorerStart,
  );
  expect(Object.keys(state.services).toSorted()).toEqual(['beta', 'gamma']);
});
