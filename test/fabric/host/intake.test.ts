import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intake } from '#fabric/host/intake.ts';
import { createMetrics } from '#fabric/open.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

function open() {
  const clock = new ManualClock();
  const metrics = createMetrics({ prefix: '', labels: {} });
  return { clock, metrics, intake: new Intake({ clock, metrics }) };
}

function blameOften(intake: Intake, from: string): void {
  for (let fault = 0; fault < 64; fault += 1) intake.blame(from);
}

test('a flood fills its own queue and nobody else’s', () => {
  const { intake } = open();
  let taken = 0;
  for (let sent = 0; sent < 10_000; sent += 1) {
    if (intake.offer('flooder', Uint8Array.of(1))) taken += 1;
  }
  expect(taken).toBeLessThan(10_000);
  expect(intake.offer('honest', Uint8Array.of(2))).toBe(true);
  const turn = intake.take();
  expect(turn.filter(({ from }) => from === 'honest')).toHaveLength(1);
  expect(turn.filter(({ from }) => from === 'flooder').length).toBeLessThan(taken);
});

test('bytes are bounded, and one message of the largest size still gets through', () => {
  const { intake } = open();
  const large = new Uint8Array(4 * 1024 * 1024);
  const offers = Array.from({ length: 8 }, () => intake.offer('a', large));
  expect(offers.filter(Boolean)).toHaveLength(4);
  expect(intake.take()).toHaveLength(1);
});

// Goal: nothing of a peer is lost, doubled or reordered below the bounds. Method: any mix.
test('what was taken in comes out once and in the order of its sender', () => {
  const arbitrary = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(255)), {
    maxLength: 600,
  });
  fc.assert(
    fc.property(arbitrary, (sent) => {
      const { intake } = open();
      for (const [from, value] of sent) intake.offer(from, Uint8Array.of(value));
      const heard: [string, number][] = [];
      while (intake.size > 0) {
        for (const { from, bytes } of intake.take()) heard.push([from, bytes[0] ?? -1]);
      }
      for (const name of ['a', 'b', 'c']) {
        expect(heard.filter(([from]) => from === name)).toEqual(
          sent.filter(([from]) => from === name),
        );
      }
    }),
  );
});

test('a peer whose messages keep failing is muted, longer each time, and forgiven later', () => {
  const { clock, intake } = open();
  const says = () => intake.offer('liar', Uint8Array.of(1));
  expect(says()).toBe(true);
  blameOften(intake, 'liar');
  expect([says(), intake.size]).toEqual([false, 0]);
  clock.advance(1000);
  expect(says()).toBe(true);
  blameOften(intake, 'liar');
  clock.advance(1000);
  expect(says()).toBe(false);
  clock.advance(1000);
  expect(says()).toBe(true);
  clock.advance(10_000);
  blameOften(intake, 'liar');
  clock.advance(1000);
  expect(says()).toBe(true);
});

test('invented names do not grow the intake', () => {
  const { intake } = open();
  for (let name = 0; name < 1000; name += 1) intake.offer(`peer-${name}`, Uint8Array.of(1));
  expect(intake.size).toBe(256);
});
