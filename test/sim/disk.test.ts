import { expect, test } from 'vitest';
import { utf8 } from '#protocols/bytes.ts';
import { Agenda, NodeClock, worldBegins } from '#sim/clock.ts';
import { type DurableOp, SimDisk } from '#sim/disk.ts';
import { drain } from '#sim/drain.ts';
import { Seed } from '#sim/seed.ts';

function open(seed: number) {
  const agenda = new Agenda();
  const durable: DurableOp[] = [];
  const disk = new SimDisk({
    identity: { federation: 'sim', region: 'east' },
    seed: new Seed(seed),
    onDurable: (ops) => durable.push(...ops),
  });
  const settle = async () => {
    await drain();
    const until = worldBegins + 1_000_000;
    for (let event = agenda.next(until); event; event = agenda.next(until)) {
      event.run?.();
      await drain();
    }
  };
  const start = () => {
    const clock = new NodeClock(agenda, 'east');
    return { clock, store: disk.open(clock) };
  };
  return { disk, durable, settle, start, agenda };
}

const put = (key: string) => [{ put: key, value: utf8(key) }];

test('a commit is readable at once and durable only after its sync', async () => {
  const { durable, settle, start } = open(1);
  const { store } = start();
  let isDone = false;
  void store.commit(put('a')).then(() => {
    isDone = true;
  });
  await drain();
  expect(await store.get('a')).toEqual(utf8('a'));
  expect([isDone, durable.length]).toEqual([false, 0]);
  await settle();
  expect([isDone, durable.map(({ key }) => key)]).toEqual([true, ['a']]);
});

test('a crash keeps what was synced, loses what waited, may keep what was under way', async () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 20; seed += 1) {
    const { disk, durable, settle, start } = open(seed);
    const first = start();
    const acknowledged: string[] = [];
    const commit = (key: string) =>
      void first.store.commit(put(key)).then(() => acknowledged.push(key));
    commit('synced');
    await settle();
    commit('under-way');
    await drain();
    commit('waiting');
    first.clock.stop();
    disk.crash();
    await settle();
    const { store } = start();
    expect(store.unclean).toBe(true);
    expect(acknowledged).toEqual(['synced']);
    expect(await store.get('synced')).toBeDefined();
    expect(await store.get('waiting')).toBeUndefined();
    const isKept = (await store.get('under-way')) !== undefined;
    expect(durable.map(({ key }) => key)).toEqual(isKept ? ['synced', 'under-way'] : ['synced']);
    outcomes.add(isKept ? 'kept' : 'lost');
  }
  expect([...outcomes].sort()).toEqual(['kept', 'lost']);
});

test('a store that was closed in order opens clean', async () => {
  const { disk, settle, start } = open(1);
  const { store } = start();
  void store.commit(put('a'));
  const closed = store.close();
  await settle();
  await closed;
  disk.closed();
  const again = start().store;
  expect(again.unclean).toBe(false);
  expect(await again.get('a')).toEqual(utf8('a'));
});
