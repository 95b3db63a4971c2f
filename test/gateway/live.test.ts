/**
 * The hub over a real ledger: order, tenancy, resuming, slow clients and the ends of a stream.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { keepAliveMs, type LiveClient, LiveWorld } from '#test/support/live-world.ts';
import { settle } from '#test/support/quiet.ts';

function times<T>(count: number, one: T): readonly T[] {
  return Array.from({ length: count }, () => one);
}

/** Reads until nothing comes any more. */
async function readAll(world: LiveWorld, client: LiveClient): Promise<void> {
  for (;;) {
    const before = client.reader.events.length;
    await world.run(100);
    await client.read();
    if (client.reader.events.length === before) return;
  }
}

test('a client hears the entries of its tenant from now on, in order, and no others', async () => {
  const world = await LiveWorld.open();
  await world.write(['shop', 'bank', 'shop']);
  const [shop, bank] = [world.client('shop'), world.client('bank')];
  shop.connect();
  bank.connect();
  await world.write(['shop', 'bank']);
  await world.write(['bank', 'bank', 'shop']);
  for (const client of [shop, bank]) await readAll(world, client);
  expect(shop.reader.comments[0]).toBe('quorate');
  expect(shop.reader.events[0]).toEqual({ type: 'head', data: '{"size":3}' });
  expect(shop.reader.seqs).toEqual([3, 7]);
  expect(bank.reader.seqs).toEqual([4, 5, 6]);
  expect(bank.reader.entries.every(({ tenant_id }) => tenant_id === 'bank')).toBe(true);
});

test('a client that saw nothing but the head resumes where it began', async () => {
  const world = await LiveWorld.open();
  await world.write(['shop']);
  const client = world.client('shop');
  client.connect();
  await client.read();
  await client.cut();
  await world.write(['shop', 'bank', 'shop']);
  client.connect();
  await readAll(world, client);
  expect(client.reader.seqs).toEqual([1, 3]);
});

test('a client that was cut off for a minute misses nothing and sees nothing twice', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop', { after: -1 });
  client.connect();
  await world.write(times(20, 'shop'));
  await readAll(world, client);
  await client.cut();
  for (let second = 0; second < 60; second += 1) {
    await world.write([...times(30, 'shop'), ...times(20, 'bank')]);
    await world.run(1000);
  }
  client.connect();
  // The log goes on while the client catches up.
  for (let batch = 0; batch < 20; batch += 1) {
    await world.write(['shop', 'bank']);
    await client.read(10_000);
  }
  await readAll(world, client);
  expect(client.reader.seqs).toEqual(await world.seqs('shop'));
  expect(client.reader.seqs.length).toBe(20 + 60 * 30 + 20);
});

// Goal: whatever happens in whatever order, each client gets each entry of its tenant exactly
// once, in order. Method: two tenants, three clients that read in pieces, are cut in the middle
// of a block, are dropped and come back; a feed so small that it rarely covers a gap.
type Happening =
  | { readonly type: 'written'; readonly tenants: readonly string[] }
  | { readonly type: 'waited'; readonly ms: number }
  | { readonly type: 'read'; readonly client: number; readonly bytes: number }
  | { readonly type: 'cut' | 'connected'; readonly client: number };

const tenant = fc.constantFrom('shop', 'bank');
const client = fc.nat({ max: 2 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.array(tenant, { maxLength: 40 }).map(written) },
  { weight: 2, arbitrary: fc.constantFrom(1, 100, keepAliveMs).map(waited) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      client,
      bytes: fc.integer({ min: 1, max: 20_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('cut' as const, 'connected' as const), client }),
  },
);

function written(tenants: readonly string[]): Happening {
  return { type: 'written', tenants };
}

function waited(ms: number): Happening {
  return { type: 'waited', ms };
}

async function happen(world: LiveWorld, clients: readonly LiveClient[], one: Happening) {
  if (one.type === 'written') {
    // Not waited for: entries become durable while pages are read.
    void world.write(one.tenants);
  } else if (one.type === 'waited') {
    await world.run(one.ms);
  } else {
    const client = clients[one.client] as LiveClient;
    if (one.type === 'read') await client.read(one.bytes);
    else if (one.type === 'cut') await client.cut();
    else if (!client.isConnected) client.connect();
  }
}

test('every cut and every pace gives each client each entry once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 40 }), async (happenings) => {
      const world = await LiveWorld.open({ limits: { eventBufferBytesMax: 4096 } });
      await world.write(times(120, 'shop'));
      const clients = [
        world.client('shop', { after: -1 }),
        world.client('shop', { after: 60 }),
        world.client('bank', { after: -1 }),
      ];
      for (const one of happenings) await happen(world, clients, one);
      await settle();
      for (const client of clients) {
        if (!client.isConnected) client.connect();
        await readAll(world, client);
        if (!client.isConnected) client.connect();
        await readAll(world, client);
      }
      const [first, second, third] = clients.map(({ reader }) => reader.seqs);
      expect(first).toEqual(await world.seqs('shop'));
      expect(second).toEqual(await world.seqs('shop', 61));
      expect(third).toEqual(await world.seqs('bank'));
      expect(world.errors).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('a client that stops reading is dropped, costs a bounded buffer and can resume', async () => {
  const world = await LiveWorld.open({ limits: { eventBufferBytesMax: 8192 } });
  const [slow, fast] = [world.client('shop'), world.client('shop')];
  slow.connect();
  fast.connect();
  for (let batch = 0; batch < 50; batch += 1) {
    await world.write(times(20, 'shop'));
    await world.run(100);
    await fast.read();
    expect(slow.buffered).toBeLessThanOrEqual(2 * 8192);
  }
  await readAll(world, fast);
  expect(fast.reader.seqs).toEqual(await world.seqs('shop'));
  await world.run(keepAliveMs);
  await world.run(keepAliveMs);
  expect(slow.isConnected).toBe(false);
  expect(fast.isConnected).toBe(true);
  expect(world.counted.get('event_streams_slow_total')).toBe(1);
  expect(world.counted.get('event_streams')).toBe(1);
  slow.reader.lastId = '-1';
  slow.connect();
  await readAll(world, slow);
  expect(slow.reader.seqs).toEqual(await world.seqs('shop'));
});

// Goal: the same with the buffers of a real connection. Method: a client that asks for 17 MB,
// more than the system buffers, and reads nothing; time is moved by hand.
test('a socket that nobody reads is closed, and holds no more than its bound', async () => {
  const world = await LiveWorld.open();
  for (let batch = 0; batch < 20; batch += 1) {
    await world.write(times(1000, 'shop'), 'so it is '.repeat(60));
  }
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    const expiresAt = world.clock.now() + 3_600_000;
    world.hub.open({ tenant: 'shop', subject: 'alice', after: -1, expiresAt }, () =>
      response.writeHead(200),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').pause();
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  let taken = -1;
  await vi.waitFor(
    () => {
      const before = taken;
      taken = responses[0]?.socket?.bytesWritten ?? 0;
      expect([responses[0]?.writableNeedDrain, taken]).toEqual([true, before]);
    },
    { timeout: 10_000, interval: 200 },
  );
  expect(responses[0]?.writableLength).toBeLessThan(2 * 262_144);
  await world.run(keepAliveMs);
  expect(responses[0]?.destroyed).toBe(false);
  await world.run(keepAliveMs);
  expect(responses[0]?.destroyed).toBe(true);
  expect(world.counted.get('event_streams')).toBe(0);
  socket.destroy();
  server.close();
});

test('a client that reads in time is kept, however far behind it is', async () => {
  const world = await LiveWorld.open({ limits: { eventBufferBytesMax: 8192 } });
  const client = world.client('shop');
  client.connect();
  for (let tick = 0; tick < 10; tick += 1) {
    await world.write(times(100, 'shop'));
    await client.read(9000);
    await world.run(keepAliveMs);
  }
  expect(client.isConnected).toBe(true);
  await readAll(world, client);
  expect(client.reader.seqs).toEqual(await world.seqs('shop'));
});

test('a quiet stream says every 15 seconds that it is alive', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop');
  client.connect();
  for (let tick = 0; tick < 3; tick += 1) await world.run(keepAliveMs);
  await client.read();
  expect(client.reader.comments).toEqual(['quorate', ...times(3, 'keep-alive')]);
});

test('closing sends what is known, says when to come back and lets nobody in', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop');
  client.connect();
  await world.write(['shop', 'shop']);
  world.hub.close();
  await client.read();
  expect(client.reader.seqs).toEqual([0, 1]);
  expect(client.reader.events.at(-1)).toEqual({ type: 'end', data: '{"reason":"draining"}' });
  expect(client.reader.retryMs).toBeGreaterThan(0);
  expect(client.isConnected).toBe(false);
  expect(() => client.connect()).toThrow(expect.objectContaining({ code: 'not-ready' }));
  expect(world.clock.pending).toBe(0);
});

test('a client that takes too long to read the end is let go', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop', { expiresAt: world.clock.now() + 1 });
  client.connect();
  await world.write(times(20, 'shop'));
  await world.run(1);
  expect(client.isConnected).toBe(true);
  await world.run(1000);
  expect(client.isConnected).toBe(false);
});

test('a region that stops ends the streams after its last entry', async () => {
  const world = await LiveWorld.open();
  const client = world.client('federation');
  client.connect();
  const stopped = { step: 'region.stopped', actor: 'region:eu', tenant: 'federation' } as const;
  await world.ledger.commit([{ ...stopped, reason: 'in order', facts: {}, digests: {} }], []);
  await readAll(world, client);
  expect(client.reader.seqs).toEqual([0]);
  expect(client.reader.events.at(-1)?.type).toBe('end');
});

test('a stream ends when the right to watch does', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop', { expiresAt: world.clock.now() + 60_000 });
  client.connect();
  await world.run(59_999);
  await client.read();
  expect(client.isConnected).toBe(true);
  await world.run(1);
  await client.read();
  expect(client.reader.events.at(-1)).toEqual({ type: 'end', data: '{"reason":"expired"}' });
  expect(world.counted.get('event_streams')).toBe(0);
});

test('an id beyond the head is refused before the stream begins', async () => {
  const world = await LiveWorld.open();
  await world.write(['shop', 'bank']);
  expect(() => world.client('shop', { after: 2 }).connect()).toThrow(
    expect.objectContaining({ code: 'invalid-input', field: 'after' }),
  );
  world.client('shop', { after: 1 }).connect();
});

test('streams are bounded for the gateway and for each caller of each tenant', async () => {
  const limits = { eventStreamsMax: 5, eventStreamsPerSubjectMax: 2 };
  const world = await LiveWorld.open({ limits });
  const tooMany = expect.objectContaining({ code: 'too-many-requests', retryable: true });
  const first = world.client('shop');
  first.connect();
  world.client('shop').connect();
  expect(() => world.client('shop').connect()).toThrow(tooMany);
  world.client('bank').connect();
  world.client('bank').connect();
  world.client('shop', { subject: 'bob' }).connect();
  expect(() => world.client('shop', { subject: 'carol' }).connect()).toThrow(tooMany);
  await first.cut();
  world.client('shop').connect();
  expect(world.counted.get('event_streams')).toBe(5);
});

test('a tenant that nobody watches is not serialised and leaves no timer', async () => {
  const world = await LiveWorld.open();
  const client = world.client('shop');
  client.connect();
  await world.write(['bank']);
  await client.cut();
  await world.write(['shop', 'bank']);
  expect(world.clock.pending).toBe(0);
});
