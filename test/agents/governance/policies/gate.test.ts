import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CheckFacts,
  checkManifest,
  notAfterMsMax,
} from '#agents/governance/policies/checks.ts';
import { evaluateGate, type GateFacts, isOpen } from '#agents/governance/policies/gate.ts';
import { isWhitelisted, phases } from '#agents/governance/policies/phases.ts';
import { findPersonalData, redact } from '#agents/governance/policies/redact.ts';
import type { Phase, Policy } from '#protocols/messages/epoch.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import { digest, manifestOf, policyHash, rosterHash, stateOf, target } from '../../decisions.ts';

const playbook: Playbook = {
  type: 'playbook/1',
  id: 'scale-out',
  version: 1,
  title: 'Scale out',
  description: 'More replicas.',
  action: 'scale',
  reversible: true,
  safety: { mode: 'auto' },
  allowedRoles: ['org-admin'],
  signedBy: 'ada',
};

function policyAt(phase: Phase): Policy {
  return {
    type: 'policy/1',
    version: 1,
    tenants: [{ id: 'acme', phase, targets: [{ target, home: 'eu' }], salt: '1'.repeat(64) }],
    playbooks: [{ id: 'scale-out', version: 1, digest, signedBy: 'ada' }],
    limits: {
      scaleHighRiskFactor: 3,
      cooldownSeconds: 60,
      enactmentsPerHour: 9,
      concurrentEnactments: 2,
      approvalTtlSeconds: 1800,
      retentionDays: 7,
      confidenceMin: 0.5,
    },
    actionsAllowed: ['scale', 'restart', 'rollback', 'rotate-keys', 'failover', 'rightsize'],
  };
}

function factsOf(action: Action, change: Partial<GateFacts> = {}): GateFacts {
  return {
    tenant: 'acme',
    targets: [{ target }],
    action,
    impact: 'low',
    reversible: true,
    playbook: { id: 'scale-out', version: 1, digest },
    document: { ...playbook, action: action.kind === 'resume' ? 'scale' : action.kind },
    observed: stateOf(),
    ...change,
  };
}

const scaleTo = (replicas: number): Action => ({ kind: 'scale', replicas });

describe('the whitelist', () => {
  const first = (action: Action) =>
    phases.find((phase) => isWhitelisted(phase, action, stateOf())) ?? 'never';

  test('admits each action from the phase on that the spec names', () => {
    expect(first({ kind: 'restart', generation: 2 })).toBe('L3+');
    expect(first(scaleTo(6))).toBe('L3+');
    expect(first(scaleTo(7))).toBe('L4');
    expect(first(scaleTo(12))).toBe('L4');
    expect(first(scaleTo(13))).toBe('never');
    expect(first({ kind: 'rollback', release: 6 })).toBe('L4');
    expect(first({ kind: 'rightsize', cpuMillis: 400, memoryMib: 400 })).toBe('L4');
    expect(first({ kind: 'failover', toRegion: 'eu' })).toBe('L4+');
    expect(first({ kind: 'failover', toRegion: 'us' })).toBe('L5');
    expect(first({ kind: 'rotate-keys', keyVersion: 2 })).toBe('never');
    expect(first({ kind: 'resume', generation: 1 })).toBe('never');
  });

  test('measures a scale down as a scale up, and nothing is an infinite scale', () => {
    expect(first(scaleTo(3))).toBe('L3+');
    expect(first(scaleTo(2))).toBe('L4');
    expect(first(scaleTo(0))).toBe('never');
  });

  test('never shrinks from one phase to the next', () => {
    const arbitraryAction = fc.oneof(
      fc.nat(20).map(scaleTo),
      fc.constantFrom<Action>(
        { kind: 'restart', generation: 2 },
        { kind: 'rollback', release: 6 },
        { kind: 'failover', toRegion: 'us' },
        { kind: 'failover', toRegion: 'eu' },
      ),
    );
    fc.assert(
      fc.property(arbitraryAction, fc.nat(3), (action, index) => {
        const [phase, next] = [phases[index], phases[index + 1]];
        if (!phase || !next || !isWhitelisted(phase, action, stateOf())) return;
        expect(isWhitelisted(next, action, stateOf())).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the gate', () => {
  const gate = (facts: GateFacts, phase: Phase = 'L3+') =>
    evaluateGate(facts, policyAt(phase)).gate;

  test('is empty only when every condition of P3 holds', () => {
    expect(isOpen(gate(factsOf(scaleTo(6))))).toBe(true);
    const { document } = factsOf(scaleTo(6));
    const broken: readonly Partial<GateFacts>[] = [
      { impact: 'high' },
      { reversible: false },
      { observed: null },
      { document: null },
      { document: document && { ...document, safety: { mode: 'manual' } } },
      { document: document && { ...document, allowedRoles: ['approver'] } },
      { document: document && { ...document, signedBy: 'mallory' } },
      { playbook: { id: 'scale-out', version: 2, digest } },
      { playbook: { id: 'scale-out', version: 1, digest: policyHash } },
      { targets: [{ target }, { target: 'globex/search' }] },
    ];
    for (const change of broken) expect(isOpen(gate(factsOf(scaleTo(6), change)))).toBe(false);
    expect(isOpen(gate(factsOf(scaleTo(6)), 'L3'))).toBe(false);
  });

  test('asks an approver, for high impact an org-admin, for what is global a second', () => {
    expect(gate(factsOf(scaleTo(6)), 'L3').approvals).toEqual([{ role: 'approver', count: 1 }]);
    const high = gate(factsOf(scaleTo(6), { impact: 'high' }));
    expect(high.approvals).toEqual([{ role: 'org-admin', count: 1 }]);
    expect(gate(factsOf(scaleTo(6), { tenant: 'federation' })).secondApprover).toBe(true);
  });

  test('holds key rotation and what cannot be undone back at every phase', () => {
    for (const phase of phases) {
      const rotate = factsOf({ kind: 'rotate-keys', keyVersion: 2 }, { impact: 'high' });
      expect(isOpen(gate(rotate, phase))).toBe(false);
      expect(isOpen(gate(factsOf(scaleTo(6), { reversible: false }), phase))).toBe(false);
    }
  });

  test('lets a failover pass where the phase trusts it with one', () => {
    const across = factsOf({ kind: 'failover', toRegion: 'us' }, { impact: 'high' });
    expect(gate(across, 'L4+').approvals).toEqual([{ role: 'org-admin', count: 1 }]);
    expect(isOpen(gate(across, 'L5'))).toBe(true);
  });
});

describe('a manifest', () => {
  const now = Date.parse('2026-01-01T00:00:00.000Z');
  const facts: CheckFacts = {
    federation: 'demo',
    policy: policyAt('L3+'),
    policyHash,
    rosterHash,
    playbook,
    observed: stateOf(),
    now,
  };
  const broken = (change: Parameters<typeof manifestOf>[0], more: Partial<CheckFacts> = {}) =>
    checkManifest(manifestOf(change), { ...facts, ...more }).map(({ policy }) => policy);

  test('that keeps every policy has no violation', () => {
    expect(broken({})).toEqual([]);
  });

  test('breaks exactly the policy that it breaks', () => {
    expect(broken({ rationale: 'ask ada@example.org' })).toEqual(['P1']);
    expect(broken({ policyHash: digest })).toEqual(['P2']);
    expect(broken({ rosterHash: digest })).toEqual(['P2']);
    expect(broken({ federation: 'another' })).toEqual(['P2']);
    expect(broken({}, { policy: policyAt('L3') })).toEqual(['P3']);
    expect(broken({ rationale: ' ' })).toEqual(['P4']);
    expect(broken({ executor: 'us' })).toEqual(['P5']);
    expect(broken({ targets: [{ target: 'acme/search', version: 1 }] })).toEqual(['P5']);
    const tooLate = new Date(now + notAfterMsMax + 1).toISOString();
    expect(broken({ notAfter: tooLate })).toEqual(['P6']);
    expect(broken({ notAfter: '2026-01-01T00:00:00.000Z' })).toEqual(['P6']);
  });

  test('cannot understate its impact, weaken its gate or use another tenant', () => {
    expect(broken({ action: scaleTo(16) })).toContain('P3');
    expect(broken({ action: { kind: 'restart', generation: 2 } })).toContain('P3');
    expect(broken({ targets: [{ target: 'globex/checkout', version: 1 }] })).toContain('P5');
    expect(broken({}, { policy: { ...policyAt('L3+'), actionsAllowed: [] } })).toEqual(['P3']);
    expect(broken({}, { playbook: { ...playbook, reversible: false } })).toContain('P7');
  });
});

describe('redaction', () => {
  const samples = {
    email: 'write to ada.lovelace+ops@mail.example.co.uk please',
    phone: 'call +49 30 901820 or (555) 123-4567',
    ip: 'from 192.168.10.7 and fe80::1ff:fe23:4567:890a',
    card: 'paid with 4111 1111 1111 1111',
    'national-id': 'ssn 078-05-1120',
    token: 'Authorization: Bearer abcdef0123456789 password=hunter22 AKIAIOSFODNN7EXAMPLE',
  } as const;

  test('finds and removes every kind', () => {
    for (const [kind, text] of Object.entries(samples)) {
      expect(findPersonalData(text)).toContain(kind);
      expect(findPersonalData(redact(text))).toEqual([]);
      expect(redact(text)).toContain(`[${kind}]`);
    }
  });

  test('leaves what operations texts are full of', () => {
    const plain = [
      'cpu 93.27 at 2014-02-26T22:05:00.000Z, z-score 12.345, 4032 points',
      `sha256:${'0123456789abcdef'.repeat(4)} of acme/checkout@4294967297`,
      'scale ec2-cpu-utilization-825cc2 from 4 to 6 replicas, version 1.2.3',
      'confidence 0.9123456789012345 and cost 1234567890123',
    ];
    for (const text of plain) expect(redact(text)).toBe(text);
  });

  test('of redacted text changes nothing, and is fast on hostile text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Object.values(samples), '1', '.', 'a@', ':')),
        (parts) => {
          const once = redact(parts.join(' '));
          expect(redact(once)).toBe(once);
        },
      ),
      { numRuns: 100 },
    );
    for (const text of [
      'a.'.repeat(1000),
      '1 '.repeat(1000),
      'f:'.repeat(1000),
      '+1('.repeat(700),
    ]) {
      expect(redact(text).length).toBeGreaterThan(0);
    }
  });
});
