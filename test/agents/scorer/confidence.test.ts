import { expect, test } from 'vitest';
import { type JudgeInput, judge } from '#agents/scorer/confidence.ts';
import { costDelta } from '#agents/scorer/cost.ts';
import { recordSignal, type ScorerState, scorerStart } from '#agents/scorer/risk.ts';
import { monthlyCost } from '#protocols/cost.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { hourMs, manifestWith, noon, signalWith, stateWith } from '#test/support/agents.ts';

const seen = (...signals: Signal[]): ScorerState =>
  signals.reduce((state, signal) => recordSignal(state, signal), scorerStart);
const judged = (manifest: Manifest, state: ScorerState, change: Partial<JudgeInput> = {}) =>
  judge({
    manifest,
    state,
    observed: stateWith(),
    confidenceMin: 0.5,
    scaleHighRiskFactor: 3,
    ...change,
  });

test('a scale-out is accepted where the load is seen, and the reason says so', () => {
  expect(judged(manifestWith(), seen(signalWith()))).toEqual({
    verdict: 'accept',
    confidence: 0.78,
    risk: 0.2,
    costEstimate: 27,
    reversibility: 1,
    reasons: ['cpu 9.3 deviations above normal supports scaling out'],
  });
});

test('without an anomaly of the service a region rejects', () => {
  const elsewhere = seen(signalWith({ service: 'catalog' }));
  const { verdict, reasons } = judged(manifestWith(), elsewhere);
  expect(verdict).toBe('reject');
  expect(reasons).toEqual(['no anomaly of checkout seen here in the last 6 h']);
});

test('a milder load supports fewer replicas than asked for', () => {
  const { verdict, reasons } = judged(manifestWith(), seen(signalWith({ score: 0.5 })));
  expect(verdict).toBe('reject');
  expect(reasons[0]).toBe('the load seen here asks for 5 replicas, not 6');
});

test('traffic that collapsed supports a restart and no scale-out', () => {
  const collapse = seen(signalWith({ kind: 'traffic', direction: 'below', zscore: -9 }));
  const restart = manifestWith({ action: { kind: 'restart', generation: 2 } });
  expect(judged(restart, collapse).verdict).toBe('accept');
  const scale = judged(manifestWith(), collapse);
  expect(scale.verdict).toBe('reject');
  expect(scale.reasons[0]).toBe('what is seen of checkout here does not support scaling out');
});

test('a failover needs more evidence than a restart', () => {
  const failover = manifestWith({
    action: { kind: 'failover', toRegion: 'us-east' },
    impact: 'high',
  });
  const mild = seen(signalWith({ score: 0.5 }));
  const severe = seen(signalWith({ score: 0.9 }), signalWith({ kind: 'latency', metric: 'p99' }));
  expect(judged(failover, mild).verdict).toBe('reject');
  expect(judged(failover, severe).verdict).toBe('accept');
});

test('what would change nothing is rejected, whatever the evidence', () => {
  const state = seen(signalWith());
  const nonsense: readonly Manifest['action'][] = [
    { kind: 'scale', replicas: 4 },
    { kind: 'scale', replicas: 0 },
    { kind: 'scale', replicas: 1000 },
    { kind: 'restart', generation: 1 },
    { kind: 'rollback', release: 3 },
    { kind: 'rotate-keys', keyVersion: 1 },
    { kind: 'failover', toRegion: 'eu-west' },
    { kind: 'rightsize', cpuMillis: 1000, memoryMib: 512 },
    { kind: 'resume', generation: 0 },
  ];
  for (const action of nonsense) {
    expect(judged(manifestWith({ action, impact: 'high' }), state).verdict).toBe('reject');
  }
});

test('a target that is unhealthy does not lose capacity', () => {
  const idle = seen(signalWith({ direction: 'below', method: 'ewma', ewma: -9 }));
  const action = { kind: 'rightsize', cpuMillis: 375, memoryMib: 384 } as const;
  const rightsize = manifestWith({ action, impact: 'medium' });
  expect(judged(rightsize, idle).verdict).toBe('accept');
  const observed = stateWith({ healthy: false });
  expect(judged(rightsize, idle, { observed }).verdict).toBe('reject');
});

test('a manifest that understates its impact is rejected', () => {
  const action = { kind: 'scale', replicas: 12 } as const;
  const severe = seen(signalWith({ score: 0.96 }), signalWith({ kind: 'latency', metric: 'p99' }));
  expect(judged(manifestWith({ action }), severe).reasons).toEqual([
    'its impact is medium, not low as it says',
  ]);
});

test('a target that this region does not see is not touched with its consent', () => {
  const { verdict, reasons } = judged(manifestWith(), seen(signalWith()), { observed: null });
  expect([verdict, reasons]).toEqual(['reject', ['this region does not see the target']]);
});

test('below the confidence that policy asks for, an acceptance is a rejection', () => {
  const { verdict, reasons } = judged(manifestWith(), seen(signalWith()), { confidenceMin: 0.9 });
  expect(verdict).toBe('reject');
  expect(reasons[0]).toBe('confidence 0.78 is below 0.90');
});

test('what a person asks for is accepted only if somebody must approve it', () => {
  const { riskId: _, ...asked } = manifestWith({ action: { kind: 'restart', generation: 2 } });
  const gate = { ...asked.gate, approvals: [{ role: 'approver', count: 1 } as const] };
  expect(judged(asked, scorerStart).verdict).toBe('reject');
  expect(judged({ ...asked, gate }, scorerStart).verdict).toBe('accept');
});

test('evidence loses its weight with event time', () => {
  const old = recordSignal(
    seen(signalWith()),
    signalWith({ service: 'catalog', at: noon + 24 * hourMs }),
  );
  expect(judged(manifestWith(), old).verdict).toBe('reject');
});

test('cost grows with replicas and shrinks with rightsizing', () => {
  expect(monthlyCost(stateWith())).toBeCloseTo(54, 9);
  expect(costDelta({ kind: 'scale', replicas: 8 }, stateWith())).toBe(54);
  const rightsize = { kind: 'rightsize', cpuMillis: 250, memoryMib: 256 } as const;
  expect(costDelta(rightsize, stateWith())).toBe(-27);
  expect(costDelta({ kind: 'restart', generation: 2 }, stateWith())).toBe(0);
});
