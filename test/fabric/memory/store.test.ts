import { expect, test } from 'vitest';
import { MemoryStore } from '#fabric/memory/store.ts';
import { utf8 } from '#protocols/bytes.ts';
import { storeContract } from '#test/contracts/store.contract.ts';

storeContract('memory store', async () => {
  const store = new MemoryStore();
  return {
    store,
    reopen: async () => {
      await store.close();
      return new MemoryStore({}, store.contents());
    },
    crash: async () => store.crash(),
    dispose: async () => undefined,
  };
});

/** A disk whose syncs end when told. */
function slowDisk() {
  const syncs: (() => void)[] = [];
  const sync = () => new Promise<void>((resolve) => syncs.push(resolve));
  return { sync, syncs };
}

const put = (key: string) => [{ put: key, value: utf8(key) }];

test('a crash loses the commits that were not synced', async () => {
  const { sync, syncs } = slowDisk();
  const store = new MemoryStore({ sync });
  const first = store.commit(put('a'));
  void store.commit(put('b'));
  syncs[0]?.();
  await first;
  const after = store.crash('lost', {});
  expect(await after.get('a')).toEqual(utf8('a'));
  expect(await after.get('b')).toBeUndefined();
  expect(after.head().seq).toBe(1);
  expect(after.unclean).toBe(true);
});

test('the batch whose sync was under way may have reached the disk', async () => {
  const { sync } = slowDisk();
  const store = new MemoryStore({ sync });
  void store.commit(put('a'));
  void store.commit(put('b'));
  const after = store.crash('kept', {});
  expect(await after.get('a')).toEqual(utf8('a'));
  expect(await after.get('b')).toBeUndefined();
  expect(after.head().seq).toBe(1);
});

test('commits called while a sync is under way are joined into one batch', async () => {
  const { sync, syncs } = slowDisk();
  const store = new MemoryStore({ sync });
  const all = ['a', 'b', 'c'].map((key) => store.commit(put(key)));
  syncs[0]?.();
  await all[0];
  expect(syncs.length).toBe(2);
  syncs[1]?.();
  await Promise.all(all);
  expect(store.head().seq).toBe(2);
});

test('after a crash nobody who waited is told that a commit is durable', async () => {
  const { sync, syncs } = slowDisk();
  const store = new MemoryStore({ sync });
  let isTold = false;
  void store.commit(put('a')).then(() => {
    isTold = true;
  });
  store.crash();
  syncs[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isTold).toBe(false);
  expect(() => store.commit(put('b'))).toThrow('crashed store');
});

test('a failed sync rejects its commit and every later one', async () => {
  const store = new MemoryStore({ sync: () => Promise.reject(new Error('disk full')) });
  const first = store.commit(put('a'));
  const second = store.commit(put('b'));
  await expect(first).rejects.toMatchObject({ code: 'unavailable' });
  await expect(second).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.commit(put('c'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(store.head().seq).toBe(0);
});
