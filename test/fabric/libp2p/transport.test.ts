/**
 * The transport over real libp2p nodes on loopback: the contract, reconnecting, and strangers.
 */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { type Libp2pMember, libp2pTransport } from '#fabric/libp2p/transport.ts';
import { createLog, createMetrics, systemClock } from '#fabric/open.ts';
import type { Transport } from '#fabric/ports.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';
import { transportContract } from '#test/contracts/transport.contract.ts';
import { freePorts } from '#test/support/nats.ts';

interface Place {
  readonly member: Libp2pMember;
  readonly privateKey: Uint8Array;
}

async function places(ids: readonly string[]): Promise<readonly Place[]> {
  const ports = await freePorts(ids.length);
  return ids.map((id, index) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
    const [seed, key] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
    return {
      member: {
        id,
        publicKey: key.toString('hex'),
        addresses: [`/ip4/127.0.0.1/tcp/${ports[index]}`],
      },
      privateKey: Buffer.concat([seed, key]),
    };
  });
}

function open(place: Place, members: readonly Libp2pMember[]): Promise<Transport> {
  return libp2pTransport({
    federation: 'demo',
    self: place.member.id,
    privateKey: place.privateKey,
    listen: place.member.addresses,
    members: () => members,
    clock: systemClock,
    log: createLog({ level: 'silent' }),
    metrics: createMetrics({ prefix: 't_', labels: {} }),
  });
}

async function meet(...ends: readonly Transport[]): Promise<void> {
  await vi.waitFor(() => {
    for (const end of ends) expect(end.peers().length).toBe(ends.length - 1);
  }, 15_000);
}

transportContract('libp2p transport', async () => {
  const all = await places(['a', 'b', 'c']);
  const members = all.map(({ member }) => member);
  const [a, b, c] = await Promise.all(all.map((place) => open(place, members)));
  if (!a || !b || !c) throw new Error('three were opened');
  await meet(a, b, c);
  return { a, b, c, settle: () => new Promise((resolve) => setTimeout(resolve, 200)) };
});

test('the largest broadcast arrives whole', async () => {
  const all = await places(['a', 'b']);
  const members = all.map(({ member }) => member);
  const [a, b] = await Promise.all(all.map((place) => open(place, members)));
  if (!a || !b) throw new Error('two were opened');
  await meet(a, b);
  const sizes: number[] = [];
  b.onMessage((_from, bytes) => sizes.push(bytes.length));
  a.broadcast(new Uint8Array(messageBytesMax), 'votes');
  a.broadcast(new Uint8Array(messageBytesMax + 1), 'votes');
  await vi.waitFor(() => expect(sizes).toEqual([messageBytesMax]), 10_000);
  await Promise.all([a.close(), b.close()]);
}, 30_000);

test('members find each other again after one was away', async () => {
  const all = await places(['a', 'b']);
  const members = all.map(({ member }) => member);
  const [first, second] = all;
  if (!first || !second) throw new Error('two places');
  const a = await open(first, members);
  const before = await open(second, members);
  await meet(a, before);
  await before.close();
  await vi.waitFor(() => expect(a.peers()).toEqual([]), 10_000);
  const b = await open(second, members);
  await meet(a, b);
  const received: number[] = [];
  b.onMessage((_from, bytes) => received.push(...bytes));
  a.send('b', Uint8Array.of(3));
  await vi.waitFor(() => expect(received).toEqual([3]), 10_000);
  await Promise.all([a.close(), b.close()]);
}, 30_000);

test('a stranger is neither connected to nor heard', async () => {
  const [home, stranger] = await places(['a', 'x']);
  if (!home || !stranger) throw new Error('two places');
  const a = await open(home, [home.member]);
  const x = await open(stranger, [home.member, stranger.member]);
  const received: number[] = [];
  a.onMessage((_from, bytes) => received.push(...bytes));
  x.send('a', Uint8Array.of(1));
  x.broadcast(Uint8Array.of(2), 'votes');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect([received, a.peers(), x.peers()]).toEqual([[], [], []]);
  await Promise.all([a.close(), x.close()]);
}, 30_000);
