import { expect, test } from 'vitest';
import { putBody } from '#fabric/host/instances.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, decisionId, journalTarget, journalTenant } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import { Decisions, isOpen, putFact, putProposal, statusOf } from '#regions/decisions.ts';
import { certify, federation } from '#test/support/federation-fixture.ts';
import { instance, manifest } from '#test/support/receipt-fixture.ts';

const body = canonicalBytes(manifest);
const value = digestOf(body);
const id = decisionId(federation, instance, value);
const candidate = { instance, value, counter: true };

function certified(of: string): Certificate {
  return certify(['eu', 'us'], { instance, value: of });
}

function put(certificate: Certificate) {
  const { target, version } = certificate.instance;
  const key = `cert/${target}@${String(version).padStart(16, '0')}`;
  return { put: key, value: canonicalBytes(certificate) };
}

async function reopened(store: MemoryStore): Promise<Decisions> {
  return Decisions.open({
    federation,
    store,
    body: async (of) => store.get(`body/${of.slice('sha256:'.length)}`),
    firstSeqOf: () => 0,
  });
}

test('a candidate is under negotiation until its instance is decided', () => {
  const decisions = new Decisions(federation);
  decisions.propose(candidate, body, 1);
  expect(decisions.get(id)).toMatchObject({ manifest, counter: true, certificate: null });
  expect([...decisions.of(instance)].map(statusOf)).toEqual(['negotiating']);
  expect([...decisions.underWay()]).toEqual([]);
});

test('the certified manifest is under way, and every other of the instance has lost', () => {
  const decisions = new Decisions(federation);
  const rival = `sha256:${'0'.repeat(64)}`;
  decisions.propose(candidate, body, 1);
  decisions.propose({ ...candidate, value: rival }, null, 2);
  decisions.decide(certified(value), body, 3);
  expect(decisions.of(instance).map(statusOf)).toEqual(['certified', 'lost']);
  expect([...decisions.underWay(instance.target)].map((one) => one.decisionId)).toEqual([id]);
});

test('ABORT is a decision of its own, with nothing to do', () => {
  const decisions = new Decisions(federation);
  decisions.propose(candidate, body, 1);
  const record = decisions.decide(certified(abortValue), null, 2);
  expect([record.manifest, statusOf(record), isOpen(record)]).toEqual([null, 'aborted', false]);
  expect(decisions.of(instance).map(statusOf)).toEqual(['aborted', 'aborted']);
});

test('facts move a decision on until it has ended', () => {
  const decisions = new Decisions(federation);
  decisions.decide(certified(value), body, 1);
  const learn = (...fact: Parameters<Decisions['learn']>) => {
    const record = decisions.learn(...fact);
    return record && statusOf(record);
  };
  const { gate } = manifest;
  expect(learn(id, { kind: 'gate', missing: gate, expiresAt: 9 }, 2)).toBe('pending-approval');
  const open = { ...gate, approvals: [], secondApprover: false };
  expect(learn(id, { kind: 'gate', missing: open, expiresAt: 9 }, 3)).toBe('certified');
  expect(learn(id, { kind: 'released' }, 4)).toBe('released');
  expect(learn(id, { kind: 'intent' }, 5)).toBe('enacting');
  expect(learn('0'.repeat(64), { kind: 'intent' }, 5)).toBeNull();
});

// News of a candidate is told in its own time: it may come after the certificate.
test('news of a candidate after its certificate still says that it was a counter', () => {
  const decisions = new Decisions(federation);
  decisions.decide(certified(value), body, 2);
  decisions.propose(candidate, body, 1);
  expect(decisions.get(id)).toMatchObject({ counter: true, manifest, updatedAt: 2 });
  expect([...decisions.underWay()]).toHaveLength(1);
});

test('the book is the same after a restart', async () => {
  const store = new MemoryStore();
  const live = new Decisions(federation);
  const certificate = certified(value);
  live.decide(certificate, body, 2);
  live.propose(candidate, body, 1);
  live.learn(id, { kind: 'released' }, 3);
  await store.commit([
    putBody(value, body),
    putProposal(federation, candidate, 1),
    put(certificate),
    putFact(id, { kind: 'released' }, 3),
  ]);
  const again = await reopened(store);
  expect([...again.all()]).toEqual([...live.all()]);
  expect([...again.underWay()]).toEqual([...live.underWay()]);
});

test('entries of the journal are not in the book', async () => {
  const store = new MemoryStore();
  const at = { tenant: journalTenant, target: journalTarget, version: 1 };
  await store.commit([put(certify(['eu', 'us'], { instance: at, value: abortValue }))]);
  expect([...(await reopened(store)).all()]).toEqual([]);
});

test('a page goes backwards from the newest', () => {
  const decisions = new Decisions(federation);
  const ids = [1, 2, 3].map((n) => {
    const at = { ...instance, version: instance.version + n };
    decisions.propose({ ...candidate, instance: at }, null, n);
    return decisionId(federation, at, value);
  });
  const idsOf = (tenant: string, limit: number, before: number) => {
    const { records, next } = decisions.page(tenant, { limit, before });
    return { ids: records.map((record) => record.decisionId), next };
  };
  expect(idsOf(instance.tenant, 2, 9)).toEqual({ ids: [ids[2], ids[1]], next: 1 });
  expect(idsOf(instance.tenant, 2, 1)).toEqual({ ids: [ids[0]], next: null });
  expect(idsOf(instance.tenant, 3, 9)).toEqual({ ids: ids.toReversed(), next: null });
  expect(idsOf('another', 2, 9)).toEqual({ ids: [], next: null });
});
