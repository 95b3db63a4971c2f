/**
 * The transport over real NATS servers: the contract, what outlives a server, and who may say
 * what.
 */
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { connectNats, ensureStream } from '#fabric/nats/connection.ts';
import { type NatsTransportOptions, natsTransport } from '#fabric/nats/transport.ts';
import { createLog, createMetrics, systemClock } from '#fabric/open.ts';
import type { Transport } from '#fabric/ports.ts';
import { broadcastSubject, documentStream } from '#protocols/subjects.ts';
import { transportContract } from '#test/contracts/transport.contract.ts';
import { type NatsCluster, startNats } from '#test/support/nats.ts';
import { isInstalled, needs } from '#test/support/require.ts';

const server = 'nats-server';
const test = needs(server);
const members = ['a', 'b', 'c'];
const history = { bytesMax: 16 * 1024 * 1024, ageMaxMs: 3_600_000, replicas: 1 };

function open(nats: NatsCluster, self: string, more: Partial<NatsTransportOptions> = {}) {
  return natsTransport({
    federation: 'demo',
    self,
    access: { servers: nats.urls, nkeySeedFile: nats.seedFile('main', self) },
    history: null,
    since: () => 0,
    clock: systemClock,
    log: createLog({ level: 'silent' }),
    metrics: createMetrics({ prefix: 't_', labels: {} }),
    ...more,
  });
}

async function meet(...ends: readonly Transport[]): Promise<void> {
  await vi.waitFor(() => {
    for (const end of ends) expect(end.peers().length).toBe(ends.length - 1);
  }, 10_000);
}

/** Members make the stream when they connect; whoever asks again finds it. */
async function streamIsThere(nats: NatsCluster): Promise<void> {
  const access = { servers: nats.urls, nkeySeedFile: nats.seedFile('main', 'a') };
  const nc = await connectNats(access, { name: 'asker', inboxPrefix: '_INBOX_a' });
  const subject = broadcastSubject('demo', '*', 'documents');
  await ensureStream(nc, { name: documentStream('demo'), subject }, history);
  await nc.close();
}

function listen(end: Transport): string[] {
  const received: string[] = [];
  end.onMessage((from, bytes) => received.push(`${from} ${bytes.join()}`));
  return received;
}

describe('one server', () => {
  let nats: NatsCluster;
  beforeAll(async () => {
    if (!isInstalled(server)) return;
    nats = await startNats({ federation: 'demo', groups: { main: members, other: members } });
  });
  afterAll(() => nats?.close());

  transportContract(
    'nats transport',
    async () => {
      const [a, b, c] = [open(nats, 'a'), open(nats, 'b'), open(nats, 'c')];
      await meet(a, b, c);
      return { a, b, c, settle: () => new Promise((resolve) => setTimeout(resolve, 150)) };
    },
    test,
  );

  test('a region outlives its server, and both find each other again', async () => {
    const [a, b] = [open(nats, 'a'), open(nats, 'b')];
    await meet(a, b);
    const received = listen(b);
    await nats.kill(0);
    await vi.waitFor(() => expect(a.standing().connected).toBe(false), 10_000);
    expect(a.peers()).toEqual([]);
    a.send('b', Uint8Array.of(1));
    await nats.start(0);
    await meet(a, b);
    a.send('b', Uint8Array.of(2));
    await vi.waitFor(() => expect(received).toEqual(['a 2']), 10_000);
    await Promise.all([a.close(), b.close()]);
  }, 30_000);

  test('documents sent while a member was away are there when it comes', async () => {
    const a = open(nats, 'a', { history });
    const before = open(nats, 'b', { history });
    for (const end of [a, before]) listen(end);
    await meet(a, before);
    await before.close();
    await streamIsThere(nats);
    const from = Date.now();
    for (const n of [1, 2, 3]) a.broadcast(Uint8Array.of(n), 'documents');
    a.broadcast(Uint8Array.of(9), 'votes');
    const b = open(nats, 'b', { history, since: () => from });
    const received = listen(b);
    await vi.waitFor(() => expect(received).toEqual(['a 1', 'a 2', 'a 3']), 10_000);
    a.broadcast(Uint8Array.of(4), 'documents');
    await vi.waitFor(() => expect(received.at(-1)).toBe('a 4'), 10_000);
    await Promise.all([a.close(), b.close()]);
  }, 30_000);

  // Goal: the permission matrix. Method: every credential says and hears what it must not.
  test("a region's credentials speak for that region of that group alone", async () => {
    const access = { servers: nats.urls, nkeySeedFile: nats.seedFile('main', 'a') };
    const nc = await connectNats(access, { name: 'spy', inboxPrefix: '_INBOX_a' });
    const refusals: string[] = [];
    void (async () => {
      for await (const status of nc.status()) {
        if (status.type === 'error') refusals.push(status.error.message);
      }
    })();
    const forbidden = [
      'quorate.demo.b.votes',
      'quorate.demo.b.documents',
      'quorate.demo.b.to.c',
      'quorate.other.a.votes',
      '$JS.API.STREAM.DELETE.quorate_demo_documents',
      '$JS.API.STREAM.PURGE.quorate_demo_documents',
      '$JS.API.STREAM.UPDATE.quorate_demo_documents',
      '_INBOX_b.x',
    ];
    for (const subject of forbidden) nc.publish(subject, new Uint8Array(1));
    for (const subject of ['>', 'quorate.demo.*.to.b', '_INBOX_b.>']) {
      nc.subscribe(subject, { callback: () => undefined });
    }
    await nc.flush();
    await vi.waitFor(() => expect(refusals.length).toBe(forbidden.length + 3), 5000);
    const stranger = open(nats, 'b', {
      access: { servers: nats.urls, nkeySeedFile: nats.seedFile('other', 'b') },
    });
    const heard = listen(stranger);
    await vi.waitFor(() => expect(stranger.standing().connected).toBe(true), 5000);
    nc.publish('quorate.demo.a.votes', new Uint8Array(1));
    await nc.flush();
    const own = open(nats, 'c', {
      access: { servers: nats.urls, nkeySeedFile: nats.seedFile('other', 'c') },
    });
    await meet(stranger, own);
    own.broadcast(Uint8Array.of(5), 'votes');
    await vi.waitFor(() => expect(heard).toEqual(['c 5']), 5000);
    await Promise.all([nc.close(), stranger.close(), own.close()]);
  }, 30_000);
});
