import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '#protocols/canonical.ts';
import type {
  ApproverRow,
  Policy,
  PolicyView,
  Roster,
  RosterView,
} from '#protocols/messages/epoch.ts';
import {
  approverIn,
  policyDigest,
  policyFor,
  rosterDigest,
  rosterFor,
} from '#protocols/redaction.ts';
import { policy as usual } from '#test/support/receipt-fixture.ts';

const tenants = ['shop', 'bank', 'farm'] as const;
const numRuns = 100;
const digestForm = /^sha256:[0-9a-f]{64}$/;

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const row = fc.record({
  tenant: fc.constantFrom(...tenants),
  id: fc.constantFrom('ann', 'bob', 'zoe'),
  publicKey: hash,
  salt: hash,
});
const anyRoster: fc.Arbitrary<Roster> = fc.record({
  type: fc.constant('roster/1' as const),
  version: fc.integer({ min: 1, max: 9 }),
  approvers: fc.array(
    row.map((one) => ({ ...one, roles: ['approver' as const] })),
    { minLength: 1, maxLength: 6 },
  ),
  stopKeys: fc.array(row, { minLength: 1, maxLength: 6 }),
});
const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    ids: fc.shuffledSubarray([...tenants], { minLength: 1 }),
    salts: fc.tuple(hash, hash, hash),
    phase: fc.constantFrom('L3' as const, 'L4' as const),
  })
  .map(({ ids, salts, phase }) => ({
    ...usual,
    tenants: ids.map((id, index) => ({
      id,
      phase,
      targets: [{ target: `${id}/web`, home: 'eu' }],
      salt: salts[index] ?? '',
    })),
  }));
const anyTenant = fc.constantFrom(...tenants);

function rowsOf({ approvers, stopKeys }: RosterView, { tenants: rows }: PolicyView) {
  return [...approvers, ...stopKeys, ...rows];
}

test('a view has the digest of its document, shows its tenant and names nobody else', () => {
  fc.assert(
    fc.property(anyRoster, anyPolicy, anyTenant, (roster, policy, tenant) => {
      const people = rosterFor(roster, tenant);
      const limits = policyFor(policy, tenant);
      expect(rosterDigest(people)).toBe(rosterDigest(roster));
      expect(policyDigest(limits)).toBe(policyDigest(policy));
      const whole = rowsOf(roster, policy);
      for (const [index, shown] of rowsOf(people, limits).entries()) {
        const own = whole[index];
        if (typeof own !== 'object') throw new Error('a document has all of its rows');
        const isOwn = ('tenant' in own ? own.tenant : own.id) === tenant;
        expect(shown).toEqual(isOwn ? own : expect.stringMatching(digestForm));
      }
    }),
    { numRuns },
  );
});

test('a person is found for the tenant of the view alone', () => {
  fc.assert(
    fc.property(anyRoster, anyTenant, anyTenant, (roster, mine, asked) => {
      const found = approverIn(rosterFor(roster, mine), { id: 'ann', tenant: asked });
      const known = approverIn(roster, { id: 'ann', tenant: asked });
      expect(found).toEqual(mine === asked ? known : null);
    }),
    { numRuns },
  );
});

const stranger = {
  tenant: 'moon',
  id: 'eve',
  publicKey: 'a'.repeat(64),
  roles: ['approver' as const],
  salt: 'b'.repeat(64),
};
const { roles: _roles, ...strangerKey } = stranger;

// Goal: nothing in a view can be something else. Method: put a row, or a digest, where it is not.
test('a view with another row in the place of one has another digest', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  fc.assert(
    fc.property(anyRoster, anyPolicy, anyTenant, fc.nat(9), (roster, policy, tenant, at) => {
      const people = rosterFor(roster, tenant);
      const limits = policyFor(policy, tenant);
      for (const other of [stranger, digest]) {
        const approvers = people.approvers.with(at % people.approvers.length, other);
        expect(rosterDigest({ ...people, approvers })).not.toBe(rosterDigest(roster));
      }
      for (const other of [strangerKey, digest]) {
        const stopKeys = people.stopKeys.with(at % people.stopKeys.length, other);
        expect(rosterDigest({ ...people, stopKeys })).not.toBe(rosterDigest(roster));
      }
      const moon = { id: 'moon', phase: 'L3' as const, targets: [], salt: stranger.salt };
      for (const other of [moon, digest]) {
        const tenants = limits.tenants.with(at % limits.tenants.length, other);
        expect(policyDigest({ ...limits, tenants })).not.toBe(policyDigest(policy));
      }
    }),
    { numRuns },
  );
});

// Goal: every value of a row that is shown counts. Method: change one of one row.
test('a view with a changed row has another digest', () => {
  const changes = fc.constantFrom<Partial<ApproverRow>>(
    { id: 'eve' },
    { tenant: 'moon' },
    { publicKey: stranger.publicKey },
    { roles: ['viewer'] },
    { salt: stranger.salt },
  );
  fc.assert(
    fc.property(anyRoster, anyTenant, changes, (roster, tenant, change) => {
      const view = rosterFor(roster, tenant);
      const at = view.approvers.findIndex((one) => typeof one !== 'string');
      const row = view.approvers[at];
      if (row === undefined || typeof row === 'string') return;
      const approvers = view.approvers.with(at, { ...row, ...change });
      expect(rosterDigest({ ...view, approvers })).not.toBe(rosterDigest(roster));
    }),
    { numRuns },
  );
});

test('a view with one more row, one fewer or the same in another order has another digest', () => {
  fc.assert(
    fc.property(anyRoster, anyTenant, fc.nat(9), fc.nat(9), (roster, tenant, at, which) => {
      const view = rosterFor(roster, tenant);
      const digest = rosterDigest(roster);
      const { approvers } = view;
      const foreign = roster.approvers[which % roster.approvers.length] ?? stranger;
      const place = at % (approvers.length + 1);
      const more = { ...view, approvers: approvers.toSpliced(place, 0, foreign) };
      expect(rosterDigest(more)).not.toBe(digest);
      const fewer = { ...view, approvers: approvers.toSpliced(at % approvers.length, 1) };
      expect(rosterDigest(fewer)).not.toBe(digest);
      const turned = approvers.toReversed();
      const isSame = canonical(turned) === canonical(approvers);
      expect(rosterDigest({ ...view, approvers: turned }) === digest).toBe(isSame);
    }),
    { numRuns },
  );
});

// Whoever guesses a row must guess its salt too.
test('the same row under a fresh salt has nothing in common with the one before', () => {
  fc.assert(
    fc.property(anyRoster, hash, (roster, salt) => {
      const resalted = { ...roster, stopKeys: roster.stopKeys.map((one) => ({ ...one, salt })) };
      const before = rosterFor(roster, 'nobody').stopKeys;
      const after = rosterFor(resalted, 'nobody').stopKeys;
      expect(before.filter((digest) => after.includes(digest))).toEqual([]);
    }),
    { numRuns },
  );
});
