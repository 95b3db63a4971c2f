import { expect, test } from 'vitest';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { epochDigest, verifyEpochStep, verifyGenesis } from '#protocols/epochs/epoch.ts';
import {
  parseTrustRoot,
  trustRootBytes,
  trustRootOf,
  walkEpochs,
} from '#protocols/epochs/trust.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import { epochOf, signEpoch } from '#test/support/federation-fixture.ts';

const verifier = nativeVerifier();
const first = epochOf(['ap', 'eu', 'us']);
const next = (epoch: Epoch, members: readonly string[], overrides: Partial<Epoch> = {}) =>
  epochOf(members, { epoch: epoch.epoch + 1, previous: epochDigest(epoch), ...overrides });
const second = next(first, ['eu', 'sa', 'us']);

test('an epoch follows with a quorum of the old and a quorum of the new members', () => {
  expect(verifyEpochStep(first, signEpoch(second, ['eu', 'us']), verifier)).toEqual({
    ok: true,
    epoch: second,
  });
  for (const signers of [['eu', 'sa'], ['ap', 'eu'], ['eu'], ['ap', 'sa']]) {
    const answer = verifyEpochStep(first, signEpoch(second, signers), verifier);
    expect(answer).toMatchObject({ ok: false, field: 'signatures' });
  }
});

test('an epoch that does not continue its predecessor or is malformed is refused by field', () => {
  const all = ['ap', 'eu', 'sa', 'us'];
  const torsion = 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d';
  const [eu, us] = second.members.filter(({ id }) => id !== 'sa');
  if (!eu || !us) throw new Error('eu and us are members');
  const cases: readonly (readonly [string, Partial<Epoch>])[] = [
    ['payload.federation', { federation: 'other' }],
    ['payload.epoch', { epoch: 3 }],
    ['payload.previous', { previous: null }],
    ['payload.signatureRule', { signatureRule: 'lenient' }],
    ['payload.notAfter', { notAfter: '2026-02-30T00:00:00.000Z' }],
    ['payload.members.1.id', { members: [us, eu] }],
    ['payload.members.1.id', { members: [eu, eu] }],
    ['payload.members.1.publicKey', { members: [eu, { ...us, publicKey: eu.publicKey }] }],
    ['payload.members.1.publicKey', { members: [eu, { ...us, publicKey: torsion }] }],
    ['payload.members.1.logKey', { members: [eu, { ...us, logKey: torsion }] }],
    ['payload.members', { faultModel: 'byzantine' }],
  ];
  for (const [field, overrides] of cases) {
    const envelope = signEpoch({ ...second, ...overrides }, all);
    expect(verifyEpochStep(first, envelope, verifier)).toMatchObject({ ok: false, field });
  }
});

test('the first epoch is signed by a quorum of itself', () => {
  expect(verifyGenesis(signEpoch(first, ['ap', 'us']), verifier)).toEqual({
    ok: true,
    epoch: first,
  });
  expect(verifyGenesis(signEpoch(first, ['ap']), verifier)).toMatchObject({ field: 'signatures' });
  expect(verifyGenesis(signEpoch(second, ['eu', 'us']), verifier)).toMatchObject({
    field: 'payload.previous',
  });
});

test('a trust root leads to every later epoch, and to none out of order', () => {
  const root = trustRootOf(first);
  const third = next(second, ['eu', 'sa', 'us']);
  const steps = [signEpoch(second, ['eu', 'us']), signEpoch(third, ['eu', 'sa'])];
  expect(walkEpochs(root, steps, verifier)).toEqual({ ok: true, epochs: [first, second, third] });
  expect(walkEpochs(root, [], verifier)).toEqual({ ok: true, epochs: [first] });
  expect(walkEpochs(root, steps.toReversed(), verifier)).toMatchObject({
    field: '0.payload.epoch',
  });
});

test('a trust root file must agree with itself', () => {
  const root = trustRootOf(first);
  expect(parseTrustRoot(trustRootBytes(root))).toEqual({ ok: true, root });
  expect(parseTrustRoot(utf8(JSON.stringify(root, null, 2)))).toEqual({ ok: true, root });
  const cases: readonly (readonly [string, unknown])[] = [
    ['fingerprint', { ...root, fingerprint: epochDigest(second) }],
    ['epoch.federation', { ...root, federation: 'other' }],
    ['epoch.members', { ...root, epoch: { ...first, faultModel: 'byzantine' } }],
    ['epoch.epoch', { ...root, epoch: { ...first, epoch: 0 } }],
    ['', []],
  ];
  for (const [field, value] of cases) {
    expect(parseTrustRoot(canonicalBytes(value))).toMatchObject({ ok: false, field });
  }
  expect(parseTrustRoot(utf8('{'))).toMatchObject({ ok: false, field: '' });
});
