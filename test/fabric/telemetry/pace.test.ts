import { expect, test } from 'vitest';
import { ReplayPace } from '#fabric/telemetry/pace.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const hour = 3_600_000;
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Notes the event times a participant has reached, in hours. */
function walker(pace: ReplayPace, hours: readonly number[]) {
  const reached: number[] = [];
  const place = pace.join();
  const done = (async () => {
    for (const at of hours) {
      await place.reach(at * hour);
      reached.push(at);
    }
  })();
  return { place, reached, done };
}

test('replays of one process stay close to each other in event time', async () => {
  const clock = new ManualClock();
  const pace = new ReplayPace({ clock, speed: 0 });
  const slow = pace.join();
  await slow.reach(0);
  const fast = walker(pace, [0, 0.4, 1, 2]);
  clock.advance(100);
  await settle();
  expect(fast.reached).toEqual([0, 0.4]);
  await slow.reach(0.4 * hour);
  await slow.reach(0.8 * hour);
  clock.advance(100);
  await settle();
  expect(fast.reached).toEqual([0, 0.4, 1]);
  slow.leave();
  clock.advance(100);
  await settle();
  expect(fast.reached).toEqual([0, 0.4, 1, 2]);
});

test('event time stands still while a decision is negotiated, within a bound', async () => {
  const clock = new ManualClock();
  let isNegotiating = true;
  const pace = new ReplayPace({ clock, speed: 0, hold: () => isNegotiating });
  const first = walker(pace, [1]);
  clock.advance(100);
  await settle();
  expect(first.reached).toEqual([]);
  isNegotiating = false;
  clock.advance(2);
  await settle();
  expect(first.reached).toEqual([1]);
  isNegotiating = true;
  first.place.leave();
  const second = walker(pace, [2]);
  for (let passed = 0; passed < 6000; passed += 2) {
    clock.advance(2);
    await settle();
  }
  expect(second.reached).toEqual([2]);
});
