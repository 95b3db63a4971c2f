/** Small documents for the tests of the agents: real shapes, told by what matters in each. */
import type { Anomaly } from '#agents/events.ts';
import { signalOf } from '#agents/observer/observer.logic.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';

export const hourMs = 3_600_000;
/** Noon of some day, in event time. */
export const noon = Date.parse('2026-01-10T12:00:00.000Z');
export const digest = `sha256:${'a'.repeat(64)}`;

export function anomalyWith(change: Partial<Anomaly> = {}): Anomaly {
  return {
    service: 'checkout',
    metric: 'cpu',
    kind: 'saturation',
    at: noon,
    value: 90,
    direction: 'above',
    score: 0.7,
    method: 'zscore',
    zscore: 9.3,
    ewma: 2,
    mean: 20,
    deviation: 7.5,
    points: 500,
    ...change,
  };
}

export function signalWith(change: Partial<Anomaly> = {}, region = 'eu-west'): Signal {
  return signalOf(anomalyWith(change), 'acme', region);
}

export function stateWith(change: Partial<TargetState> = {}): TargetState {
  return {
    target: 'acme/checkout',
    replicas: 4,
    generation: 1,
    release: 3,
    keyVersion: 1,
    activeRegion: 'eu-west',
    cpuMillis: 500,
    memoryMib: 512,
    stopGeneration: 0,
    healthy: true,
    fence: 0,
    ...change,
  };
}

export function manifestWith(change: Partial<Manifest> = {}): Manifest {
  const action = change.action ?? { kind: 'scale', replicas: 6 };
  return {
    type: 'manifest/1',
    federation: 'test',
    epoch: 1,
    tenant: 'acme',
    targets: [{ target: 'acme/checkout', version: 4294967297 }],
    playbook: { id: 'scale-out', version: 1, digest },
    action,
    executor: 'eu-west',
    impact: 'low',
    reversible: true,
    notAfter: '2026-01-11T12:00:00.000Z',
    policyHash: digest,
    rosterHash: digest,
    gate: { approvals: [], secondApprover: false, mfa: false, reasons: [] },
    preState: stateDigest(stateWith(), action.kind),
    proposer: 'us-east',
    rationale: 'checkout: scale from 4 to 6 replicas',
    confidence: 0.8,
    riskId: 'b'.repeat(64),
    signalIds: [],
    nonce: 'c'.repeat(64),
    ...change,
  };
}
