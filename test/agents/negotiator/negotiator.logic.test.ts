import { expect, test } from 'vitest';
import {
  closed,
  considerRisk,
  counterTo,
  dropped,
  intentFor,
  negotiatorLimits as limits,
  opened,
  type Services,
  scaleFactorFor,
} from '#agents/negotiator/negotiator.logic.ts';
import type { Evidence } from '#agents/scorer/factors.ts';
import { advance, recordSignal, riskOf, scorerStart } from '#agents/scorer/risk.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { hourMs, manifestWith, noon, signalWith, stateWith } from '#test/support/agents.ts';

const version = 4294967297;
const instance = { tenant: 'acme', target: 'acme/checkout', version };
const regions = ['ap-south', 'eu-west', 'us-east'];
const severe = [signalWith({ score: 0.9 })];

function riskAt(at: number, signals: readonly Signal[] = severe): Risk {
  const state = signals.reduce((before, one) => recordSignal(before, one), scorerStart);
  return riskOf(advance(state, at), 'acme', 'eu-west');
}
const wants = (evidence: Evidence, scaledRecently = false) =>
  intentFor('checkout', evidence, { weightMin: limits.proposeMin, scaledRecently });
const intents = (services: Services, at: number) => considerRisk(services, riskAt(at), limits);

test('each kind of trouble asks for its own remediation', () => {
  expect(wants({ 'saturation-above': 0.7 })).toMatchObject({ kind: 'scale', factor: 1.5 });
  expect(wants({ 'traffic-below': 0.7 })).toMatchObject({ kind: 'restart' });
  expect(wants({ 'errors-above': 0.7 })).toMatchObject({ kind: 'rollback' });
  expect(wants({ 'latency-above': 0.7, 'traffic-below': 0.5 })).toMatchObject({ kind: 'failover' });
  expect(wants({ 'saturation-idle': 0.7 })).toMatchObject({ kind: 'rightsize' });
  expect(wants({ 'saturation-above': 0.3 })).toBeNull();
  expect(wants({})).toBeNull();
});

test('the factor grows with the load, up to three', () => {
  expect([0.2, 0.5, 0.93, 0.98].map(scaleFactorFor)).toEqual([1.25, 1.5, 2, 3]);
});

test('after a scale-out only critical load asks for more, and then for a failover', () => {
  expect(wants({ 'saturation-above': 0.8 }, true)).toBeNull();
  expect(wants({ 'saturation-above': 0.95 }, true)).toMatchObject({ kind: 'failover' });
});

test('a risk becomes an intent only after it has stood for the settling time', () => {
  const first = intents({}, noon);
  expect(first.intents).toEqual([]);
  const second = intents(first.services, noon + hourMs);
  expect(second.intents).toMatchObject([{ service: 'checkout', kind: 'scale' }]);
  expect(intents(second.services, noon + 1.2 * hourMs).intents).toEqual([]);
});

test('a risk that fades before it settled starts anew', () => {
  const first = intents({}, noon);
  const calm = considerRisk(first.services, riskAt(noon + 0.5 * hourMs, []), limits);
  expect(calm.services).toEqual({});
  expect(intents(calm.services, noon + hourMs).intents).toEqual([]);
});

test('while a decision is open for a service nothing else is put forward', () => {
  const open = opened(intents({}, noon).services, instance);
  expect(intents(open, noon + hourMs).intents).toEqual([]);
});

test('after a decision a service rests for a cooldown of event time', () => {
  const at = noon + hourMs;
  const ended = closed(
    opened(intents({}, noon).services, instance),
    { instance, outcome: 'void', at, action: 'scale' },
    limits,
  );
  const early = intents(ended, noon + 2 * hourMs);
  expect(early.intents).toEqual([]);
  expect(intents(early.services, at + limits.cooldownMs.void).intents).toHaveLength(1);
});

test('news of an older version does not free a target', () => {
  const newer = opened({}, { ...instance, version: version + 1 });
  const ended = { instance, outcome: 'abort', at: noon, action: null } as const;
  expect(closed(newer, ended, limits)).toBe(newer);
});

test('a candidate that could not be composed is tried again later', () => {
  const services = dropped(
    intents(intents({}, noon).services, noon + hourMs).services,
    'checkout',
    noon + 3 * hourMs,
  );
  expect(intents(services, noon + 2 * hourMs).intents).toEqual([]);
  expect(intents(services, noon + 3 * hourMs).intents).toHaveLength(1);
});

test('what is remembered of services is bounded, open decisions first', () => {
  const few = { ...limits, servicesMax: 1 };
  const both = opened(opened({}, { ...instance, target: 'acme/catalog' }), {
    ...instance,
    target: 'acme/checkout',
  });
  expect(Object.keys(considerRisk(both, riskAt(noon), few).services)).toHaveLength(1);
});

const judged = {
  manifest: manifestWith(),
  observed: stateWith(),
  risk: riskAt(noon, [signalWith({ score: 0.5 })]),
  region: 'eu-west',
  regions,
  services: {},
};

test('milder evidence counters with a milder action', () => {
  expect(counterTo(judged, limits)).toMatchObject({ kind: 'scale', factor: 1.25 });
});

test('different evidence counters with a different action', () => {
  const collapse = [signalWith({ kind: 'traffic', direction: 'below', score: 0.6 })];
  expect(counterTo({ ...judged, risk: riskAt(noon, collapse) }, limits)).toMatchObject({
    kind: 'restart',
  });
});

test('no evidence, the same action or one that reaches further is no counter', () => {
  expect(counterTo({ ...judged, risk: riskAt(noon, []) }, limits)).toBeNull();
  expect(counterTo({ ...judged, risk: riskAt(noon) }, limits)).toBeNull();
  const restart = manifestWith({ action: { kind: 'restart', generation: 2 } });
  const manyReplicas = { ...judged, manifest: restart, observed: stateWith({ replicas: 1 }) };
  expect(counterTo(manyReplicas, limits)).toBeNull();
});

test('nobody counters its own manifest or a target it does not see', () => {
  expect(counterTo({ ...judged, region: 'us-east' }, limits)).toBeNull();
  expect(counterTo({ ...judged, observed: null }, limits)).toBeNull();
});
