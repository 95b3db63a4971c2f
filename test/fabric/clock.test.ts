import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '#fabric/clock.ts';
import { systemRandom } from '#fabric/random.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a timer fires after its delay, by the clock', () => {
  const fired: number[] = [];
  systemClock.setTimeout(() => fired.push(systemClock.now()), 50);
  vi.advanceTimersByTime(49);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual([1050]);
});

test('a delay of sixty days is kept, beyond what one timer of Node can wait', () => {
  const days = 24 * 60 * 60 * 1000;
  let isFired = false;
  const timer = systemClock.setTimeout(() => {
    isFired = true;
  }, 60 * days);
  vi.advanceTimersByTime(59 * days);
  expect(isFired).toBe(false);
  vi.advanceTimersByTime(days);
  expect(isFired).toBe(true);
  systemClock.clearTimeout(timer);
});

test('a cleared timer does not fire, in whichever stage it waits', () => {
  const fn = vi.fn();
  const timer = systemClock.setTimeout(fn, 2 ** 32);
  vi.advanceTimersByTime(2 ** 31);
  systemClock.clearTimeout(timer);
  vi.advanceTimersByTime(2 ** 33);
  expect(fn).not.toHaveBeenCalled();
});

test('random bytes have the length asked for and differ', () => {
  expect(systemRandom.bytes(32).length).toBe(32);
  expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
});
