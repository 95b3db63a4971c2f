import { expect, test } from 'vitest';
import { MemoryNetwork, type MemoryNetworkOptions } from '#fabric/memory/transport.ts';
import { transportContract } from '#test/contracts/transport.contract.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

transportContract('memory transport', async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: () => 3 });
  const [a, b, c] = [network.connect('a'), network.connect('b'), network.connect('c')];
  return { a, b, c, settle: async () => clock.advance(100) };
});

function pair(options: Omit<MemoryNetworkOptions, 'clock'> = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const [a, b] = [network.connect('a'), network.connect('b')];
  const received: number[] = [];
  b.onMessage((_from, bytes) => received.push(...bytes));
  return { clock, network, a, b, received };
}

test('a message arrives after the latency of its link, not before', () => {
  const { clock, a, received } = pair({ latencyMs: (from) => (from === 'a' ? 40 : 5) });
  a.send('b', Uint8Array.of(1));
  clock.advance(39);
  expect(received).toEqual([]);
  clock.advance(1);
  expect(received).toEqual([1]);
});

test('a link whose latency falls still delivers in order', () => {
  let latency = 50;
  const { clock, a, received } = pair({ latencyMs: () => latency });
  a.send('b', Uint8Array.of(1));
  latency = 1;
  a.send('b', Uint8Array.of(2));
  clock.advance(100);
  expect(received).toEqual([1, 2]);
});

test('a full link drops the newest messages and counts them', () => {
  const drops: string[] = [];
  const { clock, network, a, received } = pair({
    queueMessagesMax: 2,
    onDrop: (reason, from, to) => drops.push(`${reason} ${from}>${to}`),
  });
  for (const n of [1, 2, 3]) a.send('b', Uint8Array.of(n));
  clock.advance(1);
  a.send('b', Uint8Array.of(4));
  clock.advance(1);
  expect(received).toEqual([1, 2, 4]);
  expect(network.dropped('queue-full')).toBe(1);
  expect(drops).toEqual(['queue-full a>b']);
});

test('a cut link loses messages, those under way too, until it is healed', () => {
  const { clock, network, a, b, received } = pair({ latencyMs: () => 10 });
  a.send('b', Uint8Array.of(1));
  network.cut('b', 'a');
  expect(a.peers()).toEqual([]);
  a.send('b', Uint8Array.of(2));
  clock.advance(20);
  network.heal('a', 'b');
  expect(b.peers()).toEqual(['a']);
  a.send('b', Uint8Array.of(3));
  clock.advance(20);
  expect(received).toEqual([3]);
  expect(network.dropped('cut')).toBe(2);
});

test('a member that left may come back under its name, and its old end stays closed', async () => {
  const { clock, network, a, received } = pair();
  await a.close();
  const again = network.connect('a');
  a.send('b', Uint8Array.of(1));
  again.send('b', Uint8Array.of(2));
  clock.advance(1);
  expect(received).toEqual([2]);
  expect(network.dropped('closed')).toBe(1);
});
