import { expect, test } from 'vitest';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { fromUtf8, toBase64, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { openDocument, preAuthEncoding, signEnvelope, verifyEnvelope } from '#protocols/dsse.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import { testSigner } from '#test/support/keys.ts';

const verifier = nativeVerifier();
const [a, b] = [testSigner('a'), testSigner('b')];
const stop: Stop = {
  type: 'stop/1',
  federation: 'acme',
  tenant: 'shop',
  action: 'pause',
  generation: 0,
  reason: 'smoke – everywhere',
  by: 'op',
  at: '2026-01-01T00:00:00.000Z',
  nonce: '0'.repeat(64),
};
const payload = canonicalBytes(stop);

test('the pre-authentication encoding is that of the DSSE protocol', () => {
  const encoded = preAuthEncoding('http://example.com/HelloWorld', utf8('hello world'));
  expect(fromUtf8(encoded)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('an envelope opens with its exact bytes and each verified key once', () => {
  const envelope = signEnvelope('stop', payload, [a, b, a]);
  expect(verifyEnvelope(envelope, 'stop', verifier)).toEqual({
    ok: true,
    payload,
    signers: [a.publicKey, b.publicKey],
  });
  expect(openDocument(envelope, 'stop', verifier)).toMatchObject({ ok: true, document: stop });
});

test('one bad signature, another kind or changed bytes refuse the whole envelope', () => {
  const envelope = signEnvelope('stop', payload, [a, b]);
  const [first, second] = envelope.signatures;
  if (!first || !second) throw new Error('two keys signed');
  const swapped = { ...envelope, signatures: [first, { ...second, sig: first.sig }] };
  expect(verifyEnvelope(swapped, 'stop', verifier)).toMatchObject({ field: 'signatures.1.sig' });
  const odd = { ...envelope, signatures: [{ ...first, sig: `${first.sig.slice(0, -3)}A=` }] };
  expect(verifyEnvelope(odd, 'stop', verifier)).toMatchObject({ field: 'signatures.0.sig' });
  expect(verifyEnvelope(envelope, 'approval', verifier)).toMatchObject({ field: 'payloadType' });
  const renamed = { ...envelope, payloadType: 'application/vnd.quorate.approval+json' };
  expect(verifyEnvelope(renamed, 'approval', verifier).ok).toBe(false);
  const other = { ...envelope, payload: toBase64(canonicalBytes({ ...stop, generation: 1 })) };
  expect(verifyEnvelope(other, 'stop', verifier)).toMatchObject({ field: 'signatures.0.sig' });
  expect(verifyEnvelope({ ...envelope, signatures: [] }, 'stop', verifier).ok).toBe(false);
});

test('a signed payload that breaks its schema or is spelled differently is refused', () => {
  const open = (bytes: Uint8Array) =>
    openDocument(signEnvelope('stop', bytes, [a]), 'stop', verifier);
  expect(open(canonicalBytes({ ...stop, generation: -1 }))).toMatchObject({
    field: 'payload.generation',
  });
  expect(open(utf8(JSON.stringify(stop)))).toMatchObject({
    field: 'payload',
    reason: 'not canonical JSON',
  });
  const surrogate = fromUtf8(payload).replace('smoke', '\\ud800');
  expect(open(utf8(surrogate))).toMatchObject({ ok: false, reason: 'not-utf8' });
  expect(open(utf8('{'))).toMatchObject({ field: 'payload', reason: 'not-json' });
});

test('deeply nested bytes are refused, not a crash', () => {
  const depth = 100_000;
  const nested = utf8(`${'['.repeat(depth)}"\\ud800"${']'.repeat(depth)}`);
  const answer = openDocument(signEnvelope('stop', nested, [a]), 'stop', verifier);
  expect(answer).toMatchObject({ ok: false, field: 'payload' });
});
