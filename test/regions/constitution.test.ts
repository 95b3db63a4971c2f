import { expect, test } from 'vitest';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, journalTarget, journalTenant } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { JournalChange, JournalEntry } from '#protocols/messages/journal.ts';
import { Constitution } from '#regions/constitution.ts';
import { certify, federation } from '#test/support/federation-fixture.ts';
import { genesisOf } from '#test/support/region.ts';

const genesis = genesisOf(['eu', 'us']);
const { policy, roster } = genesis;

function at(height: number) {
  return { tenant: journalTenant, target: journalTarget, version: height };
}

/** Puts the change in force at the next height. */
function apply(constitution: Constitution, change: JournalChange): Certificate {
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
  const certificate = certify(['eu', 'us'], { instance, value: digestOf(body) });
  constitution.apply(certificate, body);
  return certificate;
}

function hashOf(document: unknown): string {
  return digestOf(canonicalBytes(document));
}

const raised: Policy = {
  ...policy,
  version: 2,
  tenants: [{ id: 'shop', phase: 'L4', targets: [{ target: 'shop/new', home: 'us' }] }],
};

test('genesis is in force where nothing has changed it', () => {
  const constitution = new Constitution(genesis);
  expect([constitution.height, constitution.previous]).toEqual([0, null]);
  expect(constitution.homeOf('shop/web')).toBe('eu');
  expect(constitution.homeOf(journalTarget)).toBe('eu');
  expect(constitution.homeOf('shop/none')).toBeNull();
  expect(constitution.approver('bob', 'shop')?.roles).toEqual(['approver']);
  expect(constitution.approver('bob', 'elsewhere')).toBeNull();
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
  expect(constitution.policyHash).toBe(hashOf(raised));
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

test('the rules of genesis need no certified entry', () => {
  const constitution = new Constitution(genesis);
  const rules = { policy, roster, enactors: [] };
  expect(constitution.rulesUnder(genesis.epoch.policy)).toEqual(rules);
});

// A receipt walks the journal upwards, whichever document changed first.
test('rules name the entries behind them by height', () => {
  const constitution = new Constitution(genesis);
  const first = apply(constitution, { kind: 'roster', roster: { ...roster, version: 2 } });
  const second = apply(constitution, { kind: 'policy', policy: raised });
  const rules = constitution.rulesUnder(hashOf(raised));
  expect(rules?.enactors.map(({ certificate }) => certificate)).toEqual([first, second]);
});

test('the rules of an earlier policy are still known', () => {
  const constitution = new Constitution(genesis);
  apply(constitution, { kind: 'roster', roster: { ...roster, version: 2 } });
  apply(constitution, { kind: 'policy', policy: raised });
  const before = constitution.rulesUnder(genesis.epoch.policy);
  expect(before).toMatchObject({ policy, roster: { version: 2 } });
  expect(before?.enactors).toHaveLength(1);
  expect(constitution.rulesUnder(`sha256:${'0'.repeat(64)}`)).toBeNull();
});
