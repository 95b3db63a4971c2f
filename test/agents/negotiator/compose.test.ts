import fc from 'fast-check';
import { expect, test } from 'vitest';
import { impactOf } from '#agents/governance/policies/impact.ts';
import { actionOf, objectionTo } from '#agents/negotiator/actions.ts';
import { type ComposeInput, composeManifest, describeAction } from '#agents/negotiator/compose.ts';
import type { Intent } from '#agents/negotiator/negotiator.logic.ts';
import { playbookFor, shippedPlaybooks } from '#agents/negotiator/playbooks.ts';
import { recordSignal, riskOf, scorerStart } from '#agents/scorer/risk.ts';
import { validate } from '#protocols/messages/index.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import { stateDigest } from '#protocols/messages/target-state.ts';
import { digest, signalWith, stateWith } from '#test/support/agents.ts';

const regions = ['ap-south', 'eu-west', 'us-east'];
const risk = riskOf(recordSignal(scorerStart, signalWith()), 'acme', 'eu-west');
const intent = (kind: Intent['kind'], factor = 1): Intent => ({
  service: 'checkout',
  kind,
  factor,
  weight: 0.6,
  reason: 'the load is above normal',
});

function inputFor(action: Action): ComposeInput {
  const observed = stateWith();
  return {
    federation: 'test',
    epoch: 1,
    tenant: 'acme',
    target: 'acme/checkout',
    version: 4294967297,
    executor: 'eu-west',
    proposer: 'eu-west',
    action,
    observed,
    preState: stateDigest(observed, action.kind),
    playbook: { id: 'scale-out', version: 1, digest },
    gate: { approvals: [], secondApprover: false, mfa: false, reasons: [] },
    impact: impactOf(action, observed, { scaleHighRiskFactor: 3 }),
    policyHash: digest,
    rosterHash: digest,
    notAfter: '2026-01-11T12:00:00.000Z',
    nonce: 'e'.repeat(64),
    risk,
    confidence: 0.8,
    reason: 'the load is above normal',
  };
}

test('an action is an absolute end computed from the observed state', () => {
  const of = (kind: Intent['kind'], factor = 1) =>
    actionOf(intent(kind, factor), stateWith(), regions);
  expect(of('scale', 1.25)).toEqual({ kind: 'scale', replicas: 5 });
  expect(of('scale', 3)).toEqual({ kind: 'scale', replicas: 12 });
  expect(of('restart')).toEqual({ kind: 'restart', generation: 2 });
  expect(of('rollback')).toEqual({ kind: 'rollback', release: 2 });
  expect(of('failover')).toEqual({ kind: 'failover', toRegion: 'us-east' });
  expect(of('rightsize')).toEqual({ kind: 'rightsize', cpuMillis: 375, memoryMib: 384 });
});

test('where nothing is left to do there is no action', () => {
  const smallest = stateWith({ cpuMillis: 100, memoryMib: 128 });
  expect(actionOf(intent('rightsize'), smallest, regions)).toBeNull();
  expect(actionOf(intent('failover'), stateWith(), ['eu-west'])).toBeNull();
  expect(actionOf(intent('scale', 1.5), stateWith({ replicas: 64 }), regions)).toBeNull();
});

test('without an earlier release a rollback becomes a restart', () => {
  const first = stateWith({ release: 1 });
  expect(actionOf(intent('rollback'), first, regions)).toEqual({ kind: 'restart', generation: 2 });
});

// Goal: low impact stays low. Method: any number of replicas, the two mild factors.
test('a mild scale-out of several replicas is never more than half as much again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.constantFrom(1.25, 1.5), (replicas, factor) => {
      const observed = stateWith({ replicas });
      const action = actionOf(intent('scale', factor), observed, regions);
      if (action === null || action.kind !== 'scale') throw new Error('there is room to scale');
      expect(action.replicas).toBeGreaterThan(replicas);
      expect(impactOf(action, observed, { scaleHighRiskFactor: 3 })).toBe('low');
      expect(objectionTo(action, observed)).toBeNull();
    }),
    { numRuns: 100 },
  );
});

const actions: readonly Action[] = [
  { kind: 'scale', replicas: 6 },
  { kind: 'restart', generation: 2 },
  { kind: 'rollback', release: 2 },
  { kind: 'rotate-keys', keyVersion: 2 },
  { kind: 'failover', toRegion: 'us-east' },
  { kind: 'rightsize', cpuMillis: 375, memoryMib: 384 },
  { kind: 'resume', generation: 1 },
];

test('every action has a template that makes a valid manifest', () => {
  for (const action of actions) {
    const manifest = composeManifest(inputFor(action));
    expect(validate(['manifest/1'], manifest)).toMatchObject({ ok: true });
    expect(manifest.action).toEqual(action);
    expect(manifest.reversible).toBe(action.kind !== 'rotate-keys');
  }
});

test('a manifest names the risk and the signals behind it, and says what it does and why', () => {
  const manifest = composeManifest(inputFor({ kind: 'scale', replicas: 6 }));
  expect(manifest.riskId).toBe(risk.riskId);
  expect(manifest.signalIds).toEqual([signalWith().signalId]);
  expect(manifest.rationale).toBe(
    'checkout: scale from 4 to 6 replicas, because the load is above normal',
  );
});

test('what a person asks for names no risk', () => {
  const asked = { ...inputFor({ kind: 'restart', generation: 2 }), risk: null };
  const manifest = composeManifest(asked);
  expect(manifest.riskId).toBeUndefined();
  expect(manifest.signalIds).toEqual([]);
});

test('each action is described in words', () => {
  expect(actions.map((action) => describeAction(action, stateWith()))).toEqual([
    'scale from 4 to 6 replicas',
    'restart it (restart number 1)',
    'go back from release 3 to 2',
    'replace its key by version 2, for good',
    'move it from eu-west to us-east',
    'shrink it from 500m CPU and 512 MiB to 375m and 384 MiB',
    'lift the stop (generation 1)',
  ]);
});

test('the shipped playbooks are valid, and only the two mild ones are automatic', () => {
  for (const playbook of shippedPlaybooks) {
    expect(validate(['playbook/1'], { ...playbook, signedBy: 'alice' })).toMatchObject({
      ok: true,
    });
    expect(playbookFor(playbook.action)).toBe(playbook);
  }
  const automatic = shippedPlaybooks.filter(({ safety }) => safety.mode === 'auto');
  expect(automatic.map(({ id }) => id)).toEqual(['scale-out', 'restart-unhealthy']);
  expect(automatic.every(({ allowedRoles }) => allowedRoles.includes('org-admin'))).toBe(true);
});
