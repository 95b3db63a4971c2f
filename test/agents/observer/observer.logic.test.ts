import { expect, test } from 'vitest';
import {
  type DetectorState,
  detect,
  type Heard,
  isNews,
  observerLimits,
  remember,
  type SeriesPoint,
  severityOf,
  signalOf,
  warmUpPoints,
} from '#agents/observer/observer.logic.ts';
import { validate } from '#protocols/messages/index.ts';
import { anomalyWith, hourMs, noon, signalWith } from '#test/support/agents.ts';

const series = (values: readonly number[]): readonly SeriesPoint[] =>
  values.map((value, index) => ({
    service: 'checkout',
    metric: 'latency',
    kind: 'latency',
    at: noon + index * 300_000,
    value,
  }));
const wave = (n: number) => Array.from({ length: n }, (_, i) => 45 + 5 * Math.sin(i / 7));

test('a spike after the warm-up is one anomaly above normal', () => {
  const { anomalies } = detect(undefined, series([...wave(400), 120, ...wave(50)]));
  expect(anomalies).toHaveLength(1);
  expect(anomalies[0]).toMatchObject({ direction: 'above', method: 'zscore', value: 120 });
  expect(anomalies[0]?.at).toBe(noon + 400 * 300_000);
});

test('nothing is anomalous during the warm-up', () => {
  const { anomalies } = detect(undefined, series([...wave(warmUpPoints - 1), 1e6]));
  expect(anomalies).toEqual([]);
});

test('a level that drops and stays is found by the EWMA and reported in runs', () => {
  const { anomalies } = detect(undefined, series([...wave(600), ...wave(60).map((v) => v - 14)]));
  expect(anomalies.length).toBeGreaterThan(0);
  expect(anomalies.length).toBeLessThan(10);
  expect(anomalies.every(({ direction }) => direction === 'below')).toBe(true);
  expect(anomalies.some(({ method }) => method === 'ewma')).toBe(true);
});

test('a value that is not a number teaches nothing', () => {
  const clean = detect(undefined, series(wave(300)));
  const dirty = detect(undefined, series([...wave(300), Number.NaN]));
  expect(dirty.state).toEqual(clean.state);
});

// Goal: a restart in mid-series changes nothing. Method: cut at every 97th point, through JSON.
test('where batches are cut makes no difference', () => {
  const points = series([...wave(400), 90, ...wave(300).map((value) => value + 30)]);
  const whole = detect(undefined, points);
  let state: DetectorState | undefined;
  const parts = [];
  for (let start = 0; start < points.length; start += 97) {
    const step = detect(state, points.slice(start, start + 97));
    state = JSON.parse(JSON.stringify(step.state)) as DetectorState;
    parts.push(...step.anomalies);
  }
  expect(parts).toEqual(whole.anomalies);
  expect(state).toEqual(whole.state);
});

test('an anomaly is a valid signal with a hint in words', () => {
  const signal = signalOf(anomalyWith(), 'acme', 'eu-west');
  expect(validate(['signal/1'], signal)).toMatchObject({ ok: true });
  expect(signal.hint).toBe('cpu is 9.3 deviations above normal (90, normally 20)');
});

test('the same point gives the same signal; another region gives another', () => {
  expect(signalWith().signalId).toBe(signalWith({ score: 0.9 }).signalId);
  expect(signalWith().signalId).not.toBe(signalWith({}, 'us-east').signalId);
  expect(signalWith().signalId).not.toBe(signalWith({ at: noon + 1 }).signalId);
});

test('a fingerprint stands for one trouble, whenever it is seen', () => {
  const later = signalWith({ at: noon + hourMs, score: 0.9 });
  expect(later.fingerprint).toBe(signalWith().fingerprint);
  expect(signalWith({ direction: 'below' }).fingerprint).not.toBe(later.fingerprint);
});

test('severity rises with the deviations', () => {
  expect([4, 6, 12, 28].map((z) => severityOf(z / (z + 4)))).toEqual([
    'low',
    'medium',
    'high',
    'critical',
  ]);
});

test('the same trouble is news after the cooldown, or when it got worse', () => {
  const heard = remember({}, signalWith(), observerLimits);
  const again = (ms: number, score = 0.7) => signalWith({ at: noon + ms, score });
  expect(isNews(heard, again(hourMs), observerLimits)).toBe(false);
  expect(isNews(heard, again(2 * hourMs), observerLimits)).toBe(true);
  expect(isNews(heard, again(hourMs, 0.95), observerLimits)).toBe(true);
});

test('what was heard is bounded, the newest kept', () => {
  const limits = { ...observerLimits, fingerprintsMax: 3 };
  let heard: Heard = {};
  for (let n = 0; n < 10; n += 1) {
    heard = remember(heard, signalWith({ metric: `m${n}`, at: noon + n }), limits);
  }
  expect(Object.keys(heard)).toHaveLength(3);
  expect(heard[signalWith({ metric: 'm9' }).fingerprint]).toBeDefined();
});
