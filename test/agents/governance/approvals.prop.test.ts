import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bindingOf,
  faultOf,
  missingOf,
  type RecordedApproval,
  type TallyFacts,
  tally,
} from '#agents/governance/approvals.ts';
import { isGateAtLeast, isOpen } from '#agents/governance/policies/gate.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Gate, Role } from '#protocols/messages/manifest.ts';
import { approvalOf, approverGate, decisionOf, dryRunOf } from '../decisions.ts';

const decision = decisionOf(1, { gate: approverGate });
const start = Date.parse('2026-01-01T00:00:00.000Z');
const facts: TallyFacts = {
  gate: approverGate,
  binding: bindingOf(decision, dryRunOf(decision)),
  submittedBy: null,
  at: start,
  usedNonces: [],
};

const arbitraryRole = fc.constantFrom<Role>('viewer', 'operator', 'approver', 'org-admin');
const arbitraryGate: fc.Arbitrary<Gate> = fc.record({
  approvals: fc.array(fc.record({ role: arbitraryRole, count: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 3,
  }),
  secondApprover: fc.boolean(),
  mfa: fc.boolean(),
  reasons: fc.constant(['P3: because']),
});
const arbitraryApproval: fc.Arbitrary<RecordedApproval> = fc
  .record({
    approver: fc.constantFrom('ada', 'grace', 'linus', 'ken', 'barbara', 'edsger'),
    nonce: fc.nat(9).map((n) => `${n}`.repeat(64)),
    verdict: fc.constantFrom<Approval['verdict']>('approve', 'approve', 'approve', 'deny'),
    mfa: fc.boolean(),
    minutes: fc.nat(59),
    roles: fc.uniqueArray(arbitraryRole, { minLength: 1 }),
  })
  .map(({ roles, minutes, ...change }) => ({
    approval: approvalOf(decision, {
      ...change,
      expiresAt: new Date(start + minutes * 60_000).toISOString(),
    }),
    roles,
  }));
const arbitraryApprovals = fc.array(arbitraryApproval, { maxLength: 8 });

function check(property: fc.IProperty<never>): void {
  fc.assert(property, { numRuns: 200 });
}

// Goal: an executor that honours a certified gate honours ours too. Method: any two gates.
test('whatever satisfies an accepted gate satisfies our own', () => {
  check(
    fc.property(arbitraryGate, arbitraryGate, arbitraryApprovals, (own, offered, approvals) => {
      fc.pre(isGateAtLeast(own, offered));
      if (isOpen(missingOf(offered, approvals))) {
        expect(isOpen(missingOf(own, approvals))).toBe(true);
      }
    }) as never,
  );
});

test('a gate with anything taken away is never accepted', () => {
  check(
    fc.property(arbitraryGate, fc.nat(2), (own, index) => {
      expect(isGateAtLeast(own, own)).toBe(true);
      if (own.secondApprover) {
        expect(isGateAtLeast(own, { ...own, secondApprover: false })).toBe(false);
      }
      if (own.mfa) expect(isGateAtLeast(own, { ...own, mfa: false })).toBe(false);
      fc.pre(index < own.approvals.length);
      const approvals = own.approvals.flatMap((ask, at) => {
        if (at !== index) return [ask];
        return ask.count > 1 ? [{ ...ask, count: ask.count - 1 }] : [];
      });
      expect(isGateAtLeast(own, { ...own, approvals })).toBe(false);
    }) as never,
  );
});

test('a denial wins over any approvals in any order', () => {
  check(
    fc.property(arbitraryApprovals, fc.nat(8), (approvals, at) => {
      const denial: RecordedApproval = {
        approval: approvalOf(decision, {
          approver: 'zuse',
          verdict: 'deny',
          nonce: 'f'.repeat(64),
        }),
        roles: ['approver'],
      };
      expect(tally(facts, approvals.toSpliced(at, 0, denial)).denial).not.toBeNull();
    }) as never,
  );
});

test('time only ever takes approvals away', () => {
  check(
    fc.property(arbitraryApprovals, fc.nat(60), fc.nat(60), (approvals, minutes, more) => {
      const at = start + minutes * 60_000;
      const now = tally({ ...facts, at }, approvals).counted;
      const later = tally({ ...facts, at: at + more * 60_000 }, approvals).counted;
      expect(now.length).toBeGreaterThanOrEqual(later.length);
      const expired = later.filter(
        ({ approval }) => Date.parse(approval.expiresAt) <= at + more * 60_000,
      );
      expect(expired).toEqual([]);
    }) as never,
  );
});

test('the proposer never counts', () => {
  check(
    fc.property(arbitraryApprovals, fc.constantFrom('ada', 'grace'), (approvals, submittedBy) => {
      const { counted } = tally({ ...facts, submittedBy }, approvals);
      expect(counted.map(({ approval }) => approval.approver)).not.toContain(submittedBy);
    }) as never,
  );
});

test('no person and no nonce counts twice, and nobody without a role that is asked for', () => {
  check(
    fc.property(arbitraryApprovals, (approvals) => {
      const { counted } = tally(facts, approvals);
      const people = counted.map(({ approval }) => approval.approver);
      const nonces = counted.map(({ approval }) => approval.nonce);
      expect(new Set(people).size).toBe(people.length);
      expect(new Set(nonces).size).toBe(nonces.length);
      expect(counted.every(({ roles }) => roles.includes('approver'))).toBe(true);
    }) as never,
  );
});

describe('an approval', () => {
  const fault = (change: Partial<Approval>, more: Partial<TallyFacts> = {}) =>
    faultOf({ approval: approvalOf(decision, change), roles: ['approver'] }, { ...facts, ...more });

  test('counts when everything it is bound to holds', () => {
    expect(fault({})).toBeNull();
  });

  test('does not count when one thing it is bound to differs', () => {
    const other = `sha256:${'e'.repeat(64)}`;
    expect(fault({ decisionId: 'e'.repeat(64) })).toBe('unbound');
    expect(fault({ federation: 'another' })).toBe('unbound');
    expect(fault({ instance: { ...decision.instance, tenant: 'globex' } })).toBe('unbound');
    expect(fault({ manifest: other })).toBe('void-manifest');
    expect(fault({ preState: other })).toBe('drifted');
    expect(fault({ policyHash: other })).toBe('void-policy');
    expect(fault({ expiresAt: '2026-01-01T00:00:00.000Z' })).toBe('expired');
    expect(fault({}, { usedNonces: ['1'.repeat(64)] })).toBe('used');
    expect(fault({}, { submittedBy: 'ada' })).toBe('proposer');
  });

  test('of a person without the role does not count, and a viewer cannot deny', () => {
    const viewer = { approval: approvalOf(decision), roles: ['viewer' as const] };
    expect(faultOf(viewer, facts)).toBe('role');
    const denial = { ...viewer, approval: approvalOf(decision, { verdict: 'deny' }) };
    expect(faultOf(denial, facts)).toBe('role');
  });

  test('fills the place that leaves most places filled', () => {
    const gate: Gate = {
      ...approverGate,
      approvals: [
        { role: 'approver', count: 1 },
        { role: 'org-admin', count: 1 },
      ],
    };
    const both = { approval: approvalOf(decision), roles: ['approver', 'org-admin'] as Role[] };
    const one = {
      approval: approvalOf(decision, { approver: 'grace', nonce: '9'.repeat(64) }),
      roles: ['approver'] as Role[],
    };
    expect(isOpen(missingOf(gate, [both, one]))).toBe(true);
    expect(missingOf(gate, [both]).approvals).toEqual([{ role: 'org-admin', count: 1 }]);
  });
});
