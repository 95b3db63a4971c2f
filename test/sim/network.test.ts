import { expect, test } from 'vitest';
import { Agenda, worldBegins } from '#sim/clock.ts';
import { noFaults } from '#sim/faults.ts';
import { fairWeather, SimNetwork, type Weather } from '#sim/network.ts';
import { Seed } from '#sim/seed.ts';
import { Trace } from '#sim/trace.ts';

const members = ['east', 'west', 'north'];

function open(seed = 1, weather: Weather = fairWeather) {
  const agenda = new Agenda();
  const counts = noFaults();
  const trace = new Trace();
  const options = { agenda, seed: new Seed(seed), trace, counts, onSent: () => {} };
  const network = new SimNetwork(options);
  network.weather = weather;
  const received: string[] = [];
  const connect = (self: string) => {
    const transport = network.connect(self, members);
    transport.onMessage((from, bytes) => received.push(`${from}>${self} ${bytes[0]}`));
    return transport;
  };
  const settle = () => {
    const until = worldBegins + 1_000_000;
    for (let event = agenda.next(until); event; event = agenda.next(until)) event.run?.();
  };
  return { network, connect, received, settle, counts, trace };
}

test('fair weather delivers everything once and in order', () => {
  const { connect, received, settle } = open();
  const east = connect('east');
  connect('west');
  for (let n = 0; n < 50; n += 1) east.send('west', Uint8Array.of(n));
  settle();
  expect(received).toEqual(Array.from({ length: 50 }, (_, n) => `east>west ${n}`));
});

test('a broadcast reaches every peer and not its sender', () => {
  const { connect, received, settle } = open();
  for (const transport of members.map(connect)) transport.broadcast(Uint8Array.of(1));
  settle();
  expect(received.toSorted()).toEqual(
    members
      .flatMap((from) => members.filter((to) => to !== from).map((to) => `${from}>${to} 1`))
      .toSorted(),
  );
});

test('a cut is one-way and ends when it is mended', () => {
  const { network, connect, received, settle, counts } = open();
  const [east, west] = [connect('east'), connect('west')];
  network.cut('east', 'west');
  east.send('west', Uint8Array.of(1));
  west.send('east', Uint8Array.of(2));
  settle();
  network.mend();
  east.send('west', Uint8Array.of(3));
  settle();
  expect(received).toEqual(['west>east 2', 'east>west 3']);
  expect(counts.partition).toBe(1);
});

test('bad weather loses, doubles and reorders, and counts what it did', () => {
  const weather = { ...fairWeather, loss: 0.2, duplication: 0.2, reordering: 0.3 };
  const { connect, received, settle, counts } = open(5, weather);
  const east = connect('east');
  connect('west');
  for (let n = 0; n < 200; n += 1) east.send('west', Uint8Array.of(n));
  settle();
  expect(received).toHaveLength(200 - counts.loss + counts.duplication);
  expect(counts.loss).toBeGreaterThan(10);
  expect(counts.duplication).toBeGreaterThan(10);
  expect(counts.reordering).toBeGreaterThan(10);
  const numbers = received.map((line) => Number(line.split(' ')[1]));
  expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b));
});

test('a message under way to a node that has crashed reaches nobody, not its successor', () => {
  const { connect, received, settle } = open();
  const east = connect('east');
  const west = connect('west');
  east.send('west', Uint8Array.of(1));
  west.crash();
  connect('west');
  settle();
  expect(received).toEqual([]);
});

test('two networks of one seed leave the same trace', () => {
  const traceOf = (seed: number) => {
    const world = open(seed, { ...fairWeather, loss: 0.3, reordering: 0.3 });
    const east = world.connect('east');
    world.connect('west');
    for (let n = 0; n < 50; n += 1) east.send('west', Uint8Array.of(n));
    world.settle();
    return world.trace.digest();
  };
  expect(traceOf(9)).toBe(traceOf(9));
  expect(traceOf(9)).not.toBe(traceOf(10));
});
