import { expect, test } from 'vitest';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, journalTarget, journalTenant } from '#protocols/ids.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { JournalChange, JournalEntry } from '#protocols/messages/journal.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';
import { Constitution } from '#regions/constitution.ts';
import { certify, federation } from '#test/support/federation-fixture.ts';
import { testSalt } from '#test/support/keys.ts';
import { genesisOf } from '#test/support/region.ts';

const genesis = genesisOf(['eu', 'us']);
const { policy, roster } = genesis;

function at(height: number) {
  return { tenant: journalTenant, target: journalTarget, version: height };
}

/** Puts the change in force at the next height. */
function apply(constitution: Constitution, change: JournalChange): void {
  const entry: JournalEntry = {
    type: 'journal-entry/1',
    federation,
    height: constitution.height + 1,
    previous: constitution.previous as JournalEntry['previous'],
    change,
    proposer: 'eu',
    at: '2026-01-05T12:00:00.000Z',
  };
  const body = canonicalBytes(entry);
  const instance = at(entry.height);
  constitution.apply(certify(['eu', 'us'], { instance, value: digestOf(body) }), body);
}

const raised: Policy = {
  ...policy,
  version: 2,
  tenants: [
    {
      id: 'shop',
      phase: 'L4',
      targets: [{ target: 'shop/new', home: 'us' }],
      salt: testSalt('raised'),
    },
  ],
};
const named = { policyHash: policyDigest(policy), rosterHash: rosterDigest(roster) };

test('genesis is in force where nothing has changed it', () => {
  const constitution = new Constitution(genesis);
  expect([constitution.height, constitution.previous]).toEqual([0, null]);
  expect(constitution.homeOf('shop/web')).toBe('eu');
  expect(constitution.homeOf(journalTarget)).toBe('eu');
  expect(constitution.homeOf('shop/none')).toBeNull();
  expect(constitution.approver('bob', { ...named, tenant: 'shop' })?.roles).toEqual(['approver']);
  expect(constitution.approver('bob', { ...named, tenant: 'elsewhere' })).toBeNull();
});

test('documents that the epoch does not name are refused', () => {
  const changed = { ...genesis, policy: { ...policy, version: 9 } };
  expect(() => new Constitution(changed)).toThrow('the policy is not the one');
  const other = { ...genesis, roster: { ...roster, version: 9 } };
  expect(() => new Constitution(other)).toThrow('the roster is not the one');
});

test('a certified policy replaces the one before, and the homes with it', () => {
  const constitution = new Constitution(genesis);
  apply(constitution, { kind: 'policy', policy: raised });
  expect(constitution.policyHash).toBe(policyDigest(raised));
  expect(constitution.phaseOf('shop')).toBe('L4');
  expect([constitution.homeOf('shop/new'), constitution.homeOf('shop/web')]).toEqual(['us', null]);
});

test('entries are applied in the order of their heights', () => {
  const constitution = new Constitution(genesis);
  const skipped = certify(['eu', 'us'], { instance: at(2), value: abortValue });
  expect(() => constitution.apply(skipped, null)).toThrow('in order');
});

test('ABORT only uses up its height', () => {
  const constitution = new Constitution(genesis);
  constitution.apply(certify(['eu', 'us'], { instance: at(1), value: abortValue }), null);
  expect([constitution.height, constitution.previous]).toEqual([1, abortValue]);
  expect(constitution.policyHash).toBe(genesis.epoch.policy);
});

test('rules that were in force stay known by what a manifest names', () => {
  const constitution = new Constitution(genesis);
  expect(constitution.rulesNamed(named)).toEqual({ policy, roster });
  const second = { ...roster, version: 2, approvers: [] };
  apply(constitution, { kind: 'roster', roster: second });
  apply(constitution, { kind: 'policy', policy: raised });
  expect(constitution.rulesNamed(named)).toEqual({ policy, roster });
  const rosterHash = rosterDigest(second);
  expect(constitution.rosterHash).toBe(rosterHash);
  expect(constitution.rulesNamed({ ...named, rosterHash })).toEqual({ policy, roster: second });
  const policyHash = `sha256:${'0'.repeat(64)}`;
  expect(constitution.rulesNamed({ ...named, policyHash })).toBeNull();
});

test('whom a manifest is approved by, its own roster says', () => {
  const constitution = new Constitution(genesis);
  const before = { ...named, tenant: 'shop' };
  const second = { ...roster, version: 2, approvers: [] };
  apply(constitution, { kind: 'roster', roster: second });
  expect(constitution.approver('bob', before)?.id).toBe('bob');
  const after = { ...before, rosterHash: rosterDigest(second) };
  expect(constitution.approver('bob', after)).toBeNull();
});
