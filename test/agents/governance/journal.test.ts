import { describe, expect, test } from 'vitest';
import { type JournalFacts, judgeJournalEntry } from '#agents/governance/journal.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type {
  ApproverRow,
  EdgeMember,
  Epoch,
  Policy,
  Roster,
  StopKeyRow,
  TenantRow,
} from '#protocols/messages/epoch.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';
import { digest } from '../decisions.ts';

const key = (digit: string) => digit.repeat(64);
const acme: TenantRow = {
  id: 'acme',
  phase: 'L3',
  targets: [{ target: 'acme/checkout', home: 'eu' }],
  salt: key('1'),
};
const policy: Policy = {
  type: 'policy/1',
  version: 1,
  tenants: [acme],
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
  actionsAllowed: ['scale'],
};
const grace: StopKeyRow = { tenant: 'acme', id: 'grace', publicKey: key('b'), salt: key('3') };
const ada: ApproverRow = {
  tenant: 'acme',
  id: 'ada',
  publicKey: key('a'),
  roles: ['approver'],
  salt: key('2'),
};
const roster: Roster = { type: 'roster/1', version: 1, approvers: [ada], stopKeys: [grace] };
const member = (id: string, publicKey: string) => ({
  id,
  publicKey,
  logKey: publicKey,
  logKeyMlDsa44: '0'.repeat(2624),
});
const epoch: Epoch = {
  type: 'epoch/1',
  federation: 'demo',
  epoch: 1,
  previous: null,
  faultModel: 'crash',
  signatureRule: 'quorate-ed25519-strict/1',
  members: [member('eu', key('1')), member('us', key('2'))],
  roster: rosterDigest(roster),
  policy: policyDigest(policy),
  notAfter: '2027-01-01T00:00:00.000Z',
  previousAcceptedSeconds: 3600,
};
const envelope: Envelope = {
  payloadType: 'application/vnd.quorate.epoch+json',
  payload: '',
  signatures: [{ keyid: key('1'), sig: '' }],
};
const facts: JournalFacts = {
  height: 3,
  previous: digest,
  epoch,
  policy,
  roster,
  verifyEpochStep: (before) => ({ ok: true, epoch: { ...before, epoch: before.epoch + 1 } }),
};

function entryOf(change: JournalEntry['change'], more: Partial<JournalEntry> = {}): JournalEntry {
  return {
    type: 'journal-entry/1',
    federation: 'demo',
    height: 3,
    previous: digest,
    change,
    proposer: 'eu',
    at: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

function reasonFor(
  change: JournalEntry['change'],
  more: Partial<JournalEntry> = {},
  other: Partial<JournalFacts> = {},
): string {
  const judged = judgeJournalEntry(entryOf(change, more), { ...facts, ...other });
  return judged.verdict === 'accept' ? 'accepted' : judged.reason;
}

const policyWith = (change: Partial<Policy>) =>
  ({ kind: 'policy', policy: { ...policy, version: 2, ...change } }) as const;
const rosterWith = (change: Partial<Roster>) =>
  ({ kind: 'roster', roster: { ...roster, version: 2, ...change } }) as const;
function edgeWith(change: Partial<EdgeMember>): JournalEntry['change'] {
  const edge: EdgeMember = { type: 'edge/1', id: 'shop', publicKey: key('c'), tenants: ['acme'] };
  return { kind: 'edge', edge: { ...edge, ...change } };
}

describe('a journal entry', () => {
  test('that continues the chain with the next version of something sane is accepted', () => {
    expect(reasonFor(policyWith({}))).toBe('accepted');
    expect(reasonFor(rosterWith({}))).toBe('accepted');
    expect(reasonFor(edgeWith({}))).toBe('accepted');
    expect(reasonFor({ kind: 'epoch', envelope })).toBe('accepted');
  });

  test('that does not continue the chain is rejected', () => {
    const change = policyWith({});
    expect(reasonFor(change, { height: 4 })).toContain('next height is 3');
    expect(reasonFor(change, { previous: 'abort' })).toContain('another chain');
    expect(reasonFor(change, { federation: 'another' })).toContain('another federation');
    expect(reasonFor(change, { proposer: 'mars' })).toContain('not a member');
    expect(reasonFor(change, { at: 'noon' })).toBe('schema: at');
  });

  test('with a policy that skips a version or contradicts itself is rejected', () => {
    expect(reasonFor(policyWith({ version: 3 }))).toContain('next policy version is 2');
    expect(reasonFor(policyWith({ version: 1 }))).toContain('next policy version is 2');
    const twice = [acme, { ...acme, salt: key('4') }];
    expect(reasonFor(policyWith({ tenants: twice }))).toBe('tenant acme is listed twice');
    const foreign = [{ target: 'globex/search', home: 'eu' }];
    const changed = { ...acme, salt: key('4') };
    expect(reasonFor(policyWith({ tenants: [{ ...changed, targets: foreign }] }))).toBe(
      'tenant acme lists a target of another tenant',
    );
    const homeless = [{ target: 'acme/checkout', home: 'mars' }];
    expect(reasonFor(policyWith({ tenants: [{ ...changed, targets: homeless }] }))).toContain(
      'not a member',
    );
    const federation = [{ ...changed, id: 'federation', targets: [] }];
    expect(reasonFor(policyWith({ tenants: federation }))).toBe('the federation is no tenant');
  });

  test('with a roster of double keys, unknown tenants or no stop key is rejected', () => {
    const again = { ...ada, salt: key('4') };
    const shared = [ada, { ...again, id: 'eve' }];
    expect(reasonFor(rosterWith({ version: 5 }))).toContain('next roster version is 2');
    expect(reasonFor(rosterWith({ approvers: shared }))).toContain('has several names');
    const torn = [ada, { ...again, tenant: 'federation', publicKey: key('c') }];
    expect(reasonFor(rosterWith({ approvers: torn }))).toBe('approver ada has several keys');
    const twice = 'approver ada of acme is listed twice';
    expect(reasonFor(rosterWith({ approvers: [ada, again] }))).toBe(twice);
    expect(reasonFor(rosterWith({ stopKeys: [] }))).toBe('nobody could stop anything');
    const globex = [{ ...grace, tenant: 'globex', salt: key('4') }];
    expect(reasonFor(rosterWith({ stopKeys: globex }))).toBe('tenant globex is not registered');
  });

  test('with a roster that gives a person a second tenant is accepted', () => {
    const approvers = [ada, { ...ada, tenant: 'federation', salt: key('4') }];
    expect(reasonFor(rosterWith({ approvers }))).toBe('accepted');
  });

  // Whoever may see one row knows its salt.
  test('with a salt that two rows have, or that a changed row keeps, is rejected', () => {
    const other = { ...acme, id: 'globex', targets: [] };
    expect(reasonFor(policyWith({ tenants: [acme, other] }))).toContain('salt');
    expect(reasonFor(policyWith({ tenants: [{ ...acme, phase: 'L4' }] }))).toContain(
      'a row has changed and its salt',
    );
    const raised = [{ ...acme, phase: 'L4' as const, salt: key('4') }];
    expect(reasonFor(policyWith({ tenants: raised }))).toBe('accepted');
    const stops = [{ ...grace, salt: ada.salt }];
    expect(reasonFor(rosterWith({ stopKeys: stops }))).toContain('salt');
  });

  test('with an edge that poses as a member or serves nobody known is rejected', () => {
    expect(reasonFor(edgeWith({ id: 'eu' }))).toContain('the id of a member');
    expect(reasonFor(edgeWith({ publicKey: key('1') }))).toContain('the key of a member');
    expect(reasonFor(edgeWith({ tenants: ['globex'] }))).toContain('not registered');
  });

  test('with an epoch that is not the successor or names other documents is rejected', () => {
    const change = { kind: 'epoch', envelope } as const;
    const step = (next: Partial<Epoch>) => ({
      verifyEpochStep: () => ({ ok: true as const, epoch: { ...epoch, epoch: 2, ...next } }),
    });
    const refuse = { verifyEpochStep: () => ({ ok: false as const, reason: 'no quorum' }) };
    expect(reasonFor(change, {}, refuse)).toBe('no quorum');
    expect(reasonFor(change, {}, step({ epoch: 3 }))).toContain('next epoch is 2');
    expect(reasonFor(change, {}, step({ policy: digest }))).toContain('a policy that is not');
    expect(reasonFor(change, {}, step({ roster: digest }))).toContain('a roster that is not');
  });
});
