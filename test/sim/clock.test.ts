import { expect, test } from 'vitest';
import { Agenda, NodeClock, worldBegins } from '#sim/clock.ts';
import { Seed } from '#sim/seed.ts';

function runAll(agenda: Agenda, until = worldBegins + 1_000_000): void {
  for (let event = agenda.next(until); event; event = agenda.next(until)) {
    const { run } = event;
    event.run = null;
    run?.();
  }
}

test('events run in order of time, and those of one time in order of entry', () => {
  const agenda = new Agenda();
  const seed = new Seed(3);
  const entered = Array.from({ length: 500 }, (_, index) => ({ at: seed.integer(0, 50), index }));
  const ran: typeof entered = [];
  for (const entry of entered) agenda.after(entry.at, 'test', () => ran.push(entry));
  runAll(agenda);
  expect(ran).toEqual(entered.toSorted((a, b) => a.at - b.at || a.index - b.index));
});

test('a cancelled event does not run and does not move time', () => {
  const agenda = new Agenda();
  let ran = false;
  const event = agenda.after(10, 'test', () => {
    ran = true;
  });
  agenda.cancel(event);
  runAll(agenda);
  expect(ran).toBe(false);
  expect(agenda.now()).toBe(worldBegins);
});

test('nothing later than the limit runs', () => {
  const agenda = new Agenda();
  agenda.after(10, 'test', () => {});
  expect(agenda.next(worldBegins + 9)).toBeNull();
  expect(agenda.next(worldBegins + 10)?.time).toBe(worldBegins + 10);
});

test('the timers of a stopped clock never fire and its delays never end', async () => {
  const agenda = new Agenda();
  const clock = new NodeClock(agenda, 'east');
  const fired: string[] = [];
  clock.setTimeout(() => fired.push('timer'), 10);
  void clock.delay(10, 'sync').then(() => fired.push('delay'));
  clock.stop();
  clock.setTimeout(() => fired.push('late'), 10);
  runAll(agenda);
  await Promise.resolve();
  expect(fired).toEqual([]);
});
