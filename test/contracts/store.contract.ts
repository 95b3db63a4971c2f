/** What every store promises. Each adapter runs this suite; none has its own copy. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScanRange, Store, StoreOp } from '#fabric/ports.ts';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';

export interface StoreFixture {
  readonly store: Store;
  /** Closes in order and opens what was stored again. */
  reopen(): Promise<Store>;
  /** Opens what a sudden end of the process would have left on disk now. */
  crash(): Promise<Store>;
  dispose(): Promise<void>;
}

type Entries = [key: string, value: string][];

const put = (key: string, value: string): StoreOp => ({ put: key, value: utf8(value) });

async function entries(store: Store, range: ScanRange = { prefix: '' }): Promise<Entries> {
  const found: Entries = [];
  for await (const [key, value] of store.scan(range)) found.push([key, fromUtf8(value)]);
  return found;
}

async function textOf(store: Store, key: string): Promise<string | undefined> {
  const value = await store.get(key);
  return value && fromUtf8(value);
}

export function storeContract(name: string, open: () => Promise<StoreFixture>): void {
  describe(`${name} keeps the store contract`, () => {
    let fixture: StoreFixture;
    let store: Store;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(() => fixture.dispose());

    test('a new store is clean and empty, and its head is batch 0', async () => {
      expect(store.unclean).toBe(false);
      expect(await entries(store)).toEqual([]);
      expect(store.head()).toEqual({ seq: 0, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    });

    test('reads see a commit before it is durable', async () => {
      const done = store.commit([put('a', '1'), put('b', '2')]);
      expect(await textOf(store, 'a')).toBe('1');
      expect(await entries(store)).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
      await done;
      expect(await textOf(store, 'b')).toBe('2');
    });

    test('the last operation on a key wins, within a batch and across batches', async () => {
      await store.commit([put('a', '1'), { del: 'a' }, put('b', '1'), put('b', '2')]);
      await store.commit([{ del: 'nobody' }, { del: 'b' }, put('b', '3')]);
      expect(await entries(store)).toEqual([['b', '3']]);
      expect(await textOf(store, 'a')).toBeUndefined();
    });

    test('an empty value is a value', async () => {
      await store.commit([put('a', '')]);
      expect(await textOf(store, 'a')).toBe('');
      expect(await textOf(await fixture.reopen(), 'a')).toBe('');
    });

    test('the caller may reuse its buffer and change what it read', async () => {
      const value = utf8('one');
      const done = store.commit([{ put: 'a', value }]);
      value.fill(0);
      (await store.get('a'))?.fill(0);
      await done;
      (await store.get('a'))?.fill(0);
      expect(await textOf(store, 'a')).toBe('one');
      const again = await fixture.reopen();
      (await again.get('a'))?.fill(0);
      expect(await textOf(again, 'a')).toBe('one');
    });

    test('commits become durable in the order they were called', async () => {
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          store.commit([put(`k${n}`, 'x')]).then(() => order.push(n)),
        ),
      );
      expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n));
    });

    test('the head moves with every durable batch and names it by hash', async () => {
      const heads = [store.head()];
      for (const value of ['1', '1']) {
        await store.commit([put('a', value)]);
        heads.push(store.head());
      }
      expect(heads.map(({ seq }) => seq)).toEqual([0, 1, 2]);
      expect(new Set(heads.map(({ hash }) => hash)).size).toBe(3);
      expect((await fixture.reopen()).head()).toEqual(heads[2]);
    });

    test('an empty commit changes nothing', async () => {
      await store.commit([]);
      expect(store.head().seq).toBe(0);
    });

    test('a scan gives a prefix in order, after a key, reversed, up to a limit', async () => {
      await store.commit(['a', 'b/1', 'b/2', 'b/3', 'c'].map((key) => put(key, key)));
      const keys = async (range: ScanRange) => (await entries(store, range)).map(([key]) => key);
      expect(await keys({ prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/3']);
      expect(await keys({ prefix: 'b/', after: 'b/1' })).toEqual(['b/2', 'b/3']);
      expect(await keys({ prefix: 'b/', reverse: true })).toEqual(['b/3', 'b/2', 'b/1']);
      expect(await keys({ prefix: 'b/', after: 'b/3', reverse: true })).toEqual(['b/2', 'b/1']);
      expect(await keys({ prefix: 'b/', limit: 1 })).toEqual(['b/1']);
      expect(await keys({ prefix: 'd' })).toEqual([]);
      expect(await keys({ prefix: 'b/', after: 'c' })).toEqual([]);
    });

    test('a scan sees what was committed before it began and nothing later', async () => {
      await store.commit([put('a', '1'), put('b', '1')]);
      const seen: Entries = [];
      for await (const [key, value] of store.scan({ prefix: '' })) {
        seen.push([key, fromUtf8(value)]);
        await store.commit([put('b', '2'), put('c', '2')]);
      }
      expect(seen).toEqual([
        ['a', '1'],
        ['b', '1'],
      ]);
    });

    test('an orderly stop keeps everything and the next start is clean', async () => {
      await store.commit([put('a', '1')]);
      const again = await fixture.reopen();
      expect(again.unclean).toBe(false);
      expect(await entries(again)).toEqual([['a', '1']]);
    });

    test('a crash keeps every acknowledged commit and the next start is unclean', async () => {
      await store.commit([put('a', '1'), put('b', '1')]);
      await store.commit([{ del: 'b' }]);
      const { seq, hash } = store.head();
      const again = await fixture.crash();
      expect(again.unclean).toBe(true);
      expect(again.head()).toEqual({ seq, hash });
      expect(await entries(again)).toEqual([['a', '1']]);
    });

    // Goal: the store is a sorted map that survives restarts. Method: random batches against a
    // Map, compared after every batch and again after reopening.
    test('any batches leave what a sorted map would hold, before and after reopening', async () => {
      const key = fc.stringMatching(/^[ab]\/[a-d]{1,2}$/);
      const op = fc.oneof(
        fc.record({ put: key, text: fc.string({ maxLength: 8 }) }),
        fc.record({ del: key }),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(op, { maxLength: 6 }), { maxLength: 6 }),
          async (all) => {
            const fresh = await open();
            try {
              const model = new Map<string, string>();
              for (const batch of all) {
                for (const each of batch) {
                  if ('put' in each) model.set(each.put, each.text);
                  else model.delete(each.del);
                }
                void fresh.store.commit(
                  batch.map((each) => ('put' in each ? put(each.put, each.text) : each)),
                );
              }
              const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
              expect(await entries(fresh.store)).toEqual(expected);
              const again = await fresh.reopen();
              expect(await entries(again)).toEqual(expected);
              expect(await entries(again, { prefix: 'a/', reverse: true })).toEqual(
                expected.filter(([k]) => k.startsWith('a/')).reverse(),
              );
            } finally {
              await fresh.dispose();
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}
