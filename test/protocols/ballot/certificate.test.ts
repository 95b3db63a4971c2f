import { expect, test } from 'vitest';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { certificateFrom, verifyCertificate } from '#protocols/ballot/certificate.ts';
import { VerifiedRoots } from '#protocols/ballot/verified-roots.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { journalTarget, journalTenant, versionOf } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import { certify, epochOf, federation, signVote } from '#test/support/federation-fixture.ts';

const instance = { tenant: 'shop', target: 'shop/web', version: versionOf(1, 3) };
const value = `sha256:${'a'.repeat(64)}`;
const members = ['ap', 'eu', 'us'];
const epoch = epochOf(members);
const checks = { verifier: nativeVerifier() };
const valid = certify(['us', 'eu'], { instance, value });

test('precommits of a quorum make a certificate that native and portable verifiers accept', () => {
  expect(valid.signatures.map(({ member }) => member)).toEqual(['eu', 'us']);
  expect(verifyCertificate(valid, epoch, checks)).toEqual({ ok: true });
  expect(verifyCertificate(valid, epoch, { verifier: portableVerifier() })).toEqual({ ok: true });
  const roots = new VerifiedRoots();
  for (let again = 0; again < 2; again += 1) {
    expect(verifyCertificate(valid, epoch, { ...checks, roots })).toEqual({ ok: true });
  }
  const abort = certify(['ap', 'us'], { instance, value: 'abort' });
  expect(verifyCertificate(abort, epoch, checks)).toEqual({ ok: true });
});

test('the first wrong field is named', () => {
  const [eu, us] = valid.signatures;
  if (!eu || !us) throw new Error('two members signed');
  const all = certify(members, { instance, value });
  const cases: readonly (readonly [string, Certificate])[] = [
    ['federation', { ...valid, federation: 'other' }],
    ['epoch', { ...valid, epoch: 2 }],
    ['instance', { ...valid, instance: { ...instance, tenant: 'bank' } }],
    ['instance.version', { ...valid, instance: { ...instance, version: versionOf(2, 3) } }],
    ['value', { ...valid, value: 'nil' as 'abort' }],
    ['signatures.0.proof', { ...valid, value: 'abort' }],
    ['signatures.0.proof', { ...valid, round: 1 }],
    ['signatures.0.member', { ...valid, signatures: [{ ...eu, member: 'xx' }, us] }],
    ['signatures.1.member', { ...valid, signatures: [us, eu] }],
    ['signatures.1.member', { ...valid, signatures: [eu, eu] }],
    ['signatures.1.proof', { ...valid, signatures: [eu, { ...us, proof: eu.proof }] }],
    ['signatures', { ...valid, signatures: [eu] }],
    ['signatures.2.member', { ...all, signatures: [...valid.signatures, { ...us, member: 'zz' }] }],
  ];
  for (const [field, certificate] of cases) {
    expect(verifyCertificate(certificate, epoch, checks)).toMatchObject({ ok: false, field });
  }
});

test('exactly two thirds is not a byzantine quorum', () => {
  const six = ['a', 'b', 'c', 'd', 'e', 'f'];
  const byzantine = epochOf(six, { faultModel: 'byzantine' });
  const four = certify(six.slice(0, 4), { instance, value });
  const five = certify(six.slice(0, 5), { instance, value });
  expect(verifyCertificate(four, byzantine, checks)).toMatchObject({ field: 'signatures' });
  expect(verifyCertificate(five, byzantine, checks)).toEqual({ ok: true });
});

test('the journal counts plain heights', () => {
  const journal = { tenant: journalTenant, target: journalTarget, version: 5 };
  const certificate = certify(['ap', 'eu'], { instance: journal, value });
  expect(verifyCertificate(certificate, epoch, checks)).toEqual({ ok: true });
});

test('a prevote, a nil precommit and two votes of one member make no certificate', () => {
  const vote = { instance, step: 'precommit', round: 0, value } as const;
  const eu = signVote('eu', vote);
  expect(() =>
    certificateFrom(federation, [signVote('eu', { ...vote, step: 'prevote' })]),
  ).toThrow();
  expect(() => certificateFrom(federation, [signVote('eu', { ...vote, value: 'nil' })])).toThrow();
  expect(() => certificateFrom(federation, [eu, signVote('eu', vote, { others: 2 })])).toThrow();
  expect(() => certificateFrom(federation, [eu, signVote('us', { ...vote, round: 1 })])).toThrow();
});
