import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, fromUtf8, toBase64, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import { trustRootOf } from '#protocols/epochs/trust.ts';
import { decisionId } from '#protocols/ids.ts';
import { originOf, signCheckpoint } from '#protocols/merkle/checkpoint.ts';
import type { Trigger } from '#protocols/messages/trigger.ts';
import { verifyDocument } from '#protocols/verify-document.ts';
import { openVerifiers } from '#regions/offline.ts';
import {
  certify,
  epochOf,
  federation,
  logSignerOf,
  signerOf,
} from '#test/support/federation-fixture.ts';
import {
  genesis,
  instance,
  manifest,
  members,
  preState,
  receiptOf,
  region,
} from '#test/support/receipt-fixture.ts';

const root = trustRootOf(genesis);
const trust = { root, verifiers: openVerifiers() };
const manifestBytes = canonicalBytes(manifest);
const digest = digestOf(manifestBytes);
const certificate = certify(members.slice(0, 2), { instance, value: digest });

function triggerOf(changes: Partial<Trigger> = {}, signer = 'eu') {
  const trigger: Trigger = {
    type: 'trigger/1',
    federation,
    epoch: 1,
    tenant: instance.tenant,
    executor: 'eu',
    decisionId: decisionId(federation, instance, digest),
    certificate,
    manifest: toBase64(manifestBytes),
    preState,
    policyHash: manifest.policyHash,
    approvals: [],
    issuedBy: 'eu',
    issuedAt: '2026-01-05T12:00:00.000Z',
    ...changes,
  };
  return canonicalBytes(signEnvelope('trigger', canonicalBytes(trigger), [signerOf(signer)]));
}

const head = { origin: originOf(federation, region), size: 3, root: new Uint8Array(32) };
const checkpoint = signCheckpoint(head, 1_767_614_400, logSignerOf(region));
const documents = {
  receipt: canonicalBytes(receiptOf().receipt),
  certificate: canonicalBytes(certificate),
  manifest: canonicalBytes(signEnvelope('manifest', manifestBytes, [signerOf(manifest.proposer)])),
  trigger: triggerOf(),
  'audit-head': utf8(checkpoint),
};
const kinds = Object.keys(documents) as (keyof typeof documents)[];

test.each(kinds)('a good %s holds, and the answer names kind and trust root', (kind) => {
  const answer = verifyDocument(documents[kind], trust);
  expect(answer).toMatchObject({ ok: true, kind, trustRoot: root.fingerprint });
  expect(answer.checked.every((part) => part.ok)).toBe(true);
});

// Goal: no byte is cargo. Method: change one byte anywhere; the answer names a field.
test.each(['receipt', 'audit-head'] as const)('a %s with one changed byte is refused', (kind) => {
  const bytes = documents[kind];
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      const answer = verifyDocument(changed, trust);
      expect(answer.ok).toBe(false);
      expect(answer.field).toBeTruthy();
    }),
    { numRuns: 60 },
  );
});

test('a certificate printed with white space still holds', () => {
  const pretty = utf8(JSON.stringify(JSON.parse(fromUtf8(documents.certificate)), null, 2));
  expect(verifyDocument(pretty, trust).ok).toBe(true);
});

test('a document of another federation of the same members is refused', () => {
  const other = { ...trust, root: trustRootOf(epochOf(members, { federation: 'other' })) };
  for (const kind of kinds) expect(verifyDocument(documents[kind], other).ok).toBe(false);
});

test('a certificate with a signature too few is refused', () => {
  const few = certify(members.slice(0, 1), { instance, value: digest });
  expect(verifyDocument(canonicalBytes(few), trust)).toMatchObject({
    ok: false,
    kind: 'certificate',
  });
});

test.each([
  ['payload.issuedBy', triggerOf({}, 'us')],
  ['payload.issuedBy', triggerOf({ issuedBy: 'elsewhere' })],
  ['payload.decisionId', triggerOf({ decisionId: '0'.repeat(64) })],
  ['payload.manifest', triggerOf({ manifest: toBase64(utf8('{}')) })],
  ['payload.federation', triggerOf({ federation: 'other' })],
  ['payload.epoch', triggerOf({ epoch: 2 })],
])('a trigger with a wrong %s is refused there', (field, bytes) => {
  expect(verifyDocument(bytes, trust)).toMatchObject({ ok: false, kind: 'trigger', field });
});

test('bytes that are nothing of ours are refused at their encoding', () => {
  for (const bytes of [utf8(''), utf8('hello'), Uint8Array.of(255, 254), utf8('null')]) {
    expect(verifyDocument(bytes, trust)).toMatchObject({ ok: false, kind: 'receipt' });
  }
});
