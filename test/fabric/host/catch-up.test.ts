import { expect, test } from 'vitest';
import { CatchUp } from '#fabric/host/catch-up.ts';
import { Instances, putBody } from '#fabric/host/instances.ts';
import type { Reply } from '#fabric/host/turn.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { MemoryNetwork } from '#fabric/memory/transport.ts';
import { fromUtf8, toBase64 } from '#protocols/bytes.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { abortValue, versionOf } from '#protocols/ids.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { DigestMessage, FetchMessage } from '#protocols/messages/fabric.ts';
import { bodyFor, instance } from '#test/support/ballot-hosts.ts';
import { certify, epochOf, federation } from '#test/support/federation-fixture.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { noLog, noMetrics } from '#test/support/quiet.ts';

const decisionId = '1'.repeat(64);
const envelope = (payload: string): Envelope => ({
  payloadType: 'application/vnd.quorate.stop+json',
  payload,
  signatures: [],
});

/** A region that has decided this many versions of the target. */
async function region(decided: number) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const heard: (DigestMessage | FetchMessage)[] = [];
  network.connect('us').onMessage((_from, bytes) => heard.push(JSON.parse(fromUtf8(bytes))));
  const store = new MemoryStore();
  const { instances } = await Instances.open(store);
  for (let n = 1; n <= decided; n += 1) {
    const at = { ...instance, version: versionOf(1, n) };
    const { value, bytes } = bodyFor(at, 'body');
    const last = n === decided ? abortValue : value;
    const certificate = certify(['ap', 'us'], { instance: at, value: last });
    await store.commit([...instances.decide(certificate), putBody(value, bytes)]);
  }
  const catchUp = new CatchUp({
    federation,
    self: 'eu',
    epoch: () => epochOf(['ap', 'eu', 'us']),
    limits: { digestMs: 2000 },
    clock,
    transport: network.connect('eu'),
    instances,
    openDecisions: () => [decisionId],
    unready: () => null,
    documentsOf: (id) => (id === decisionId ? [envelope('ours')] : []),
    stopsKnown: () => ['2'.repeat(64)],
    stopsBeyond: (known) => (known.length > 0 ? [] : [envelope('stop')]),
    log: noLog,
    metrics: noMetrics,
  });
  const reply: Reply = { certificates: [], bodies: [], documents: [] };
  return { catchUp, clock, heard, reply };
}

function digest(changes: Partial<DigestMessage> = {}): DigestMessage {
  const heads = [{ target: instance.target, version: versionOf(1, 3) }];
  const head = { type: 'digest/1', federation, epoch: 1, from: 'us', signatureRule } as const;
  return { ...head, heads, stops: ['2'.repeat(64)], open: [], ...changes };
}

test('a region tells how far it has decided, on start and periodically', async () => {
  const { catchUp, clock, heard } = await region(2);
  catchUp.start();
  clock.advance(4000);
  expect(heard.map(({ type }) => type)).toEqual(['digest/1', 'digest/1', 'digest/1']);
  expect(heard[0]).toMatchObject({
    heads: [{ target: instance.target, version: versionOf(1, 2) }],
    open: [decisionId],
    stops: ['2'.repeat(64)],
  });
  catchUp.stop();
  clock.advance(9000);
  expect(heard).toHaveLength(3);
});

test('who is behind asks once in each interval for what follows', async () => {
  const { catchUp, clock, heard, reply } = await region(1);
  catchUp.onDigest(digest(), reply);
  catchUp.onDigest(digest(), reply);
  clock.advance(0);
  expect(heard).toMatchObject([
    { type: 'fetch/1', after: [{ target: instance.target, version: versionOf(1, 1) }] },
  ]);
});

test('who is as far or further asks for nothing', async () => {
  const { catchUp, clock, heard, reply } = await region(3);
  catchUp.onDigest(digest(), reply);
  clock.advance(0);
  expect(heard).toEqual([]);
});

test('certificates are answered oldest first, with the bodies they name', async () => {
  const { catchUp, reply } = await region(3);
  const after = [{ target: instance.target, version: versionOf(1, 1) }];
  await catchUp.onFetch({ type: 'fetch/1', federation, epoch: 1, from: 'us', after }, reply);
  expect(reply.certificates.map((one) => one.instance.version)).toEqual([
    versionOf(1, 2),
    versionOf(1, 3),
  ]);
  const { value, bytes } = bodyFor({ ...instance, version: versionOf(1, 2) }, 'body');
  expect(reply.bodies).toEqual([{ digest: value, bytes: toBase64(bytes) }]);
});

test('one answer carries a bounded number of certificates', async () => {
  const { catchUp, reply } = await region(70);
  const after = [{ target: instance.target, version: 0 }];
  await catchUp.onFetch({ type: 'fetch/1', federation, epoch: 1, from: 'us', after }, reply);
  expect(reply.certificates).toHaveLength(64);
});

test('a peer gets the stops it lacks, and what is known of decisions it asks about', async () => {
  const { catchUp, reply } = await region(3);
  catchUp.onDigest(digest({ stops: [], open: [decisionId, '9'.repeat(64)] }), reply);
  expect(reply.documents).toEqual([envelope('stop'), envelope('ours')]);
});

test('a peer that accepts other signatures is told nothing', async () => {
  const { catchUp, clock, heard, reply } = await region(1);
  catchUp.onDigest(digest({ signatureRule: 'another/1', stops: [] }), reply);
  clock.advance(0);
  expect([heard, reply.documents]).toEqual([[], []]);
});
