/** Facts that a gateway remembers over restarts. */
import { expect, test } from 'vitest';
import { MemoryStore } from '#fabric/memory/store.ts';
import { utf8 } from '#protocols/bytes.ts';
import { Facts } from '#regions/facts.ts';

const time = { now: 1000 };

async function open(store: MemoryStore, factsMax = 3): Promise<Facts> {
  time.now = Math.max(time.now, 1000);
  const commit = (ops: Parameters<MemoryStore['commit']>[0]) => store.commit(ops);
  return Facts.open({ store, factsMax, now: () => time.now, commit });
}

async function keysIn(store: MemoryStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const [key] of store.scan({ prefix: 'http/' })) keys.push(key.slice('http/'.length));
  return keys;
}

test('what is remembered is there after a crash', async () => {
  const store = new MemoryStore();
  const facts = await open(store);
  await facts.remember('answer/1', utf8('one'), 5000);
  const again = await open(store.crash());
  expect(await again.recall('answer/1')).toEqual(utf8('one'));
  expect(await again.recall('answer/2')).toBeNull();
});

test('a fact is gone when its time is over, and leaves the store in time', async () => {
  const store = new MemoryStore();
  const facts = await open(store);
  await facts.remember('answer/1', utf8('one'), 2000);
  time.now = 2000;
  expect(await facts.recall('answer/1')).toBeNull();
  await facts.remember('answer/2', utf8('two'), 9000);
  expect(await keysIn(store)).toEqual(['answer/2']);
});

test('beyond the bound the oldest of the kind go, and no other kind suffers', async () => {
  const store = new MemoryStore();
  const facts = await open(store);
  await facts.remember('ended/s', utf8('s'), 1e9);
  for (let n = 1; n <= 5; n += 1) {
    time.now += 1;
    await facts.remember(`answer/${n}`, utf8(String(n)), 1e9);
  }
  expect(await keysIn(store)).toEqual(['answer/3', 'answer/4', 'answer/5', 'ended/s']);
  const again = await open(store);
  await again.remember('answer/6', utf8('6'), 1e9);
  expect(await keysIn(store)).toEqual(['answer/4', 'answer/5', 'answer/6', 'ended/s']);
});

test('remembered again, a fact is the newest and holds what was said last', async () => {
  const store = new MemoryStore();
  const facts = await open(store);
  for (const n of [1, 2, 3]) await facts.remember(`answer/${n}`, utf8('old'), 1e9);
  await facts.remember('answer/1', utf8('new'), 1e9);
  await facts.remember('answer/4', utf8('old'), 1e9);
  expect(await keysIn(store)).toEqual(['answer/1', 'answer/3', 'answer/4']);
  expect(await facts.recall('answer/1')).toEqual(utf8('new'));
});

test('with a smaller bound than before, the surplus goes with the next fact', async () => {
  const store = new MemoryStore();
  const facts = await open(store, 40);
  for (let n = 10; n < 50; n += 1) await facts.remember(`answer/${n}`, utf8('x'), 1e9);
  const again = await open(store, 2);
  await again.remember('answer/99', utf8('x'), 1e9);
  expect(await keysIn(store)).toEqual(['answer/49', 'answer/99']);
});
