/** Decisions, dry-runs and approvals as the tests of executor and governance need them. */
import type { Decision } from '#agents/events.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { DryRun, Stop } from '#protocols/messages/enactment.ts';
import type { Action, Gate, Manifest } from '#protocols/messages/manifest.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';

export const target = 'acme/checkout';
export const policyHash = `sha256:${'a'.repeat(64)}`;
export const rosterHash = `sha256:${'c'.repeat(64)}`;
export const digest = `sha256:${'d'.repeat(64)}`;
export const dryRunAt = '2026-01-01T00:00:00.000Z';
export const ttlMs = 30 * 60 * 1000;

export const openGate: Gate = { approvals: [], secondApprover: false, mfa: false, reasons: [] };
export const approverGate: Gate = {
  approvals: [{ role: 'approver', count: 1 }],
  secondApprover: false,
  mfa: false,
  reasons: ['P3: not on the whitelist of L3'],
};

export function stateOf(change: Partial<TargetState> = {}): TargetState {
  return {
    target,
    replicas: 4,
    generation: 1,
    release: 7,
    keyVersion: 1,
    activeRegion: 'eu',
    cpuMillis: 500,
    memoryMib: 512,
    stopGeneration: 0,
    healthy: true,
    fence: 0,
    ...change,
  };
}

export function manifestOf(change: Partial<Manifest> = {}): Manifest {
  return {
    type: 'manifest/1',
    federation: 'demo',
    epoch: 1,
    tenant: 'acme',
    targets: [{ target, version: 2 ** 32 + 1 }],
    playbook: { id: 'scale-out', version: 1, digest },
    action: { kind: 'scale', replicas: 6 },
    executor: 'eu',
    impact: 'low',
    reversible: true,
    notAfter: '2026-01-01T01:00:00.000Z',
    policyHash,
    rosterHash,
    gate: openGate,
    preState: stateDigest(stateOf(), 'scale'),
    proposer: 'eu',
    rationale: 'CPU of checkout is far above its usual range.',
    confidence: 0.9,
    signalIds: [],
    nonce: '0'.repeat(64),
    ...change,
  };
}

export function decisionOf(
  n: number,
  change: Partial<Manifest> & { readonly on?: string; readonly submittedBy?: string } = {},
): Decision {
  const { on = target, submittedBy, ...manifest } = change;
  const version = 2 ** 32 + n;
  return {
    decisionId: n
      .toString(16)
      .padStart(8, 'c')
      .padEnd(64, on === target ? '0' : '1'),
    instance: { tenant: 'acme', target: on, version },
    manifest: manifestOf({ targets: [{ target: on, version }], ...manifest }),
    digest: `sha256:${n.toString(16).padStart(64, '0')}`,
    mine: true,
    ...(submittedBy !== undefined && { submittedBy }),
  };
}

export function resumeOf(n: number, generation: number): Decision {
  return decisionOf(n, { action: { kind: 'resume', generation } satisfies Action });
}

export function dryRunOf(decision: Decision, change: Partial<DryRun> = {}): DryRun {
  return {
    type: 'dry-run/1',
    federation: 'demo',
    instance: decision.instance,
    decisionId: decision.decisionId,
    executor: 'eu',
    verdict: 'pass',
    diff: [],
    blastRadius: 0.5,
    costDelta: 0,
    preState: stateDigest(stateOf(), decision.manifest.action.kind),
    reasons: [],
    at: dryRunAt,
    ...change,
  };
}

export function approvalOf(decision: Decision, change: Partial<Approval> = {}): Approval {
  return {
    type: 'approval/1',
    federation: 'demo',
    instance: decision.instance,
    decisionId: decision.decisionId,
    manifest: decision.digest,
    preState: dryRunOf(decision).preState,
    policyHash,
    approver: 'ada',
    verdict: 'approve',
    reason: 'looks right',
    mfa: false,
    at: '2026-01-01T00:05:00.000Z',
    expiresAt: '2026-01-01T00:30:00.000Z',
    nonce: '1'.repeat(64),
    ...change,
  };
}

export function stopOf(change: Partial<Stop> = {}): Stop {
  return {
    type: 'stop/1',
    federation: 'demo',
    tenant: 'acme',
    action: 'pause',
    generation: 0,
    reason: 'by hand',
    by: 'grace',
    at: dryRunAt,
    nonce: '2'.repeat(64),
    ...change,
  };
}
