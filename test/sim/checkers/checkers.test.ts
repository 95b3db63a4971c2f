/**
 * Each checker accepts a lawful history and objects to the smallest one that breaks its rule.
 */
import { expect, test } from 'vitest';
import { utf8 } from '#protocols/bytes.ts';
import { versionOf } from '#protocols/ids.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { CheckContext, Checker } from '#sim/checkers/checker.ts';
import { checkOneValue } from '#sim/checkers/i1.ts';
import { checkOneVote } from '#sim/checkers/i2.ts';
import { checkLocks } from '#sim/checkers/i3.ts';
import { checkCertificates } from '#sim/checkers/i4.ts';
import { checkEnactments } from '#sim/checkers/i8.ts';
import { checkAudit } from '#sim/checkers/i20.ts';
import { checkStops } from '#sim/checkers/i21.ts';
import { federation, found } from '#sim/constitution.ts';
import type { Happening } from '#sim/history.ts';

const { epoch } = found({ regions: 3, tenants: 1, faultModel: 'crash', signer: 'fake', seed: 1 });
const instance = { tenant: 'tenant-1', target: 'tenant-1/api', version: versionOf(1, 1) };
const [valueA, valueB] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const proof = { leafCount: 1, index: 0, path: [], signature: '0'.repeat(128) };
const enact = {
  target: instance.target,
  version: instance.version,
  enactmentId: 'one',
  action: { kind: 'scale', replicas: 3 },
} as const;

/** What the checker says about a history; each happening is a second after the one before. */
function complaints(
  make: (context: CheckContext) => Checker,
  history: readonly Happening[],
  verify = true,
): readonly string[] {
  const said: string[] = [];
  const checker = make({
    federation,
    epoch,
    verify: () => verify,
    report: (what) => said.push(what),
  });
  for (const [index, happening] of history.entries()) checker.see(happening, index * 1000);
  checker.finish?.(history.length * 1000);
  return said;
}

function vote(member: string, fields: Partial<SignedVote>): SignedVote {
  const base = { epoch: 1, instance, step: 'prevote', round: 0, value: valueA, proof } as const;
  return { member, ...base, ...fields };
}

function said(member: string, fields: Partial<SignedVote>, region = member): Happening {
  return { type: 'vote.said', region, vote: vote(member, fields) };
}

function kept(member: string, fields: Partial<SignedVote>): Happening {
  return { type: 'vote.durable', region: member, vote: vote(member, fields) };
}

function certificate(value: string, members: readonly string[]): Certificate {
  const signatures = members.map((member) => ({ member, proof }));
  const base = { type: 'certificate/1', federation, epoch: 1, instance, round: 0 } as const;
  return { ...base, value, signatures };
}

function durable(region: string, value: string): Happening {
  return {
    type: 'certificate.durable',
    region,
    certificate: certificate(value, ['east', 'north']),
  };
}

function entry(seq: number, step: AuditStep, text = `${seq} ${step}`): Happening {
  const fields = { seq, step, target: instance.target, version: instance.version };
  return { type: 'entry.durable', region: 'east', entry: fields as AuditEntry, bytes: utf8(text) };
}

test('I1: two certified values for one instance are found', () => {
  expect(complaints(checkOneValue, [durable('east', valueA), durable('west', valueA)])).toEqual([]);
  const split = [durable('east', valueA), durable('west', valueB)];
  expect(complaints(checkOneValue, split)).toHaveLength(1);
});

test('I2: a slot signed for two values is found, also when another region shows it', () => {
  const lawful = [kept('east', {}), said('east', {}), said('east', {}, 'west')];
  expect(complaints(checkOneVote, lawful)).toEqual([]);
  const forged = [...lawful, said('east', { value: valueB }, 'west')];
  expect(complaints(checkOneVote, forged)).toHaveLength(1);
});

test('I2: a vote said before it is on disk is found', () => {
  expect(complaints(checkOneVote, [said('east', {})])).toHaveLength(1);
  expect(complaints(checkOneVote, [durable('east', valueA), said('east', {})])).toEqual([]);
});

test('I3: leaving a lock needs a quorum of prevotes not older than the lock', () => {
  const lock = said('east', { step: 'precommit', round: 1 });
  const leave = said('east', { round: 3, value: valueB });
  const prevotes = (round: number) => [
    said('west', { round, value: valueB }),
    said('north', { round, value: valueB }),
  ];
  expect(complaints(checkLocks, [lock, ...prevotes(2), leave])).toEqual([]);
  expect(complaints(checkLocks, [lock, said('east', { round: 3 })])).toEqual([]);
  expect(complaints(checkLocks, [lock, ...prevotes(0), leave])).toHaveLength(1);
  expect(complaints(checkLocks, [lock, ...prevotes(2).slice(1), leave])).toHaveLength(1);
  expect(complaints(checkLocks, [lock, said('east', { round: 2, value: 'nil' })])).toHaveLength(1);
});

test('I4: a certificate of too few, of a stranger, of nil or with a bad signature is found', () => {
  const of = (value: string, members: readonly string[]): Happening[] => [
    { type: 'certificate.said', region: 'east', certificate: certificate(value, members) },
  ];
  expect(complaints(checkCertificates, of(valueA, ['east', 'west']))).toEqual([]);
  expect(complaints(checkCertificates, of(valueA, ['east']))).toHaveLength(1);
  expect(complaints(checkCertificates, of(valueA, ['east', 'east']))).toHaveLength(1);
  expect(complaints(checkCertificates, of(valueA, ['east', 'mars']))).toHaveLength(1);
  expect(complaints(checkCertificates, of('nil', ['east', 'west']))).toHaveLength(1);
  expect(complaints(checkCertificates, of(valueA, ['east', 'west']), false)).toHaveLength(1);
});

test('I8: a second enactment, a wrong executor and an uncertified act are found', () => {
  const manifest = { executor: 'east' } as Manifest;
  const basis: Happening[] = [
    { type: 'manifest.durable', region: 'east', digest: valueA, manifest },
    durable('east', valueA),
  ];
  const act = (region: string, enactmentId: string): Happening[] => [
    { type: 'apply.called', region, enact: { ...enact, enactmentId } },
    { type: 'apply.done', region, enact: { ...enact, enactmentId } },
  ];
  expect(complaints(checkEnactments, [...basis, ...act('east', 'one')])).toEqual([]);
  expect(complaints(checkEnactments, act('east', 'one'))).toHaveLength(1);
  expect(complaints(checkEnactments, [...basis, ...act('west', 'one')])).toHaveLength(1);
  const twice = [...basis, ...act('east', 'one'), ...act('east', 'two')];
  expect(complaints(checkEnactments, twice)).toHaveLength(1);
});

test('I20: an act without its entries, a rewritten entry and a gap are found', () => {
  const steps = ['certificate', 'dry-run', 'gate', 'released', 'intent', 'pre-state'] as const;
  const entries = steps.map((step, seq) => entry(seq, step));
  const act: Happening = { type: 'apply.called', region: 'east', enact };
  expect(complaints(checkAudit, [...entries, act])).toEqual([]);
  expect(complaints(checkAudit, [...entries.slice(0, -1), act])).toHaveLength(1);
  expect(complaints(checkAudit, [...entries, entry(2, 'gate', 'other')])).toHaveLength(1);
  expect(complaints(checkAudit, [entry(1, 'gate')])).toHaveLength(1);
});

test('I21: a stop that is late, refused or not obeyed is found', () => {
  const about = { region: 'east', id: 1, tenant: 'tenant-1', target: null } as const;
  const stop = (type: 'stop.asked' | 'stop.done' | 'stop.refused'): Happening => ({
    type,
    ...about,
    action: 'pause',
  });
  const idle = Array.from({ length: 8 }, () => entry(0, 'signal'));
  const act: Happening = { type: 'apply.called', region: 'east', enact };
  expect(complaints(checkStops, [stop('stop.asked'), stop('stop.done'), ...idle])).toEqual([]);
  expect(complaints(checkStops, [stop('stop.asked'), ...idle])).toHaveLength(1);
  expect(complaints(checkStops, [stop('stop.asked'), stop('stop.refused')])).toHaveLength(1);
  expect(complaints(checkStops, [stop('stop.asked'), stop('stop.done'), act])).toHaveLength(1);
  const crash: Happening = { type: 'node.crashed', region: 'east' };
  expect(complaints(checkStops, [stop('stop.asked'), crash, ...idle])).toEqual([]);
});
