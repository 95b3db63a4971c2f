import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLevelStore } from '#fabric/level/store.ts';
import type { Store } from '#fabric/ports.ts';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';
import { QuorateError } from '#protocols/errors.ts';

const identity = { federation: 'acme', region: 'eu' };

/** A folder as it was left, and the contents after each batch: states[seq]. */
interface Sample {
  readonly folder: string;
  readonly isSealed: boolean;
  readonly files: readonly { readonly name: string; readonly size: number }[];
  readonly states: readonly string[];
}

let base = '';
const samples: Sample[] = [];

async function contentsOf(store: Store): Promise<string> {
  const lines: string[] = [];
  for await (const [key, value] of store.scan({ prefix: '' })) {
    lines.push(`${key}=${fromUtf8(value)}`);
  }
  return lines.join('\n');
}

/** Batches of the given value size; every third deletes an earlier key. */
async function fill(store: Store, batches: number, bytes: number, states: string[]) {
  for (let n = 0; n < batches; n += 1) {
    const value = utf8(`${n}-`.padEnd(bytes, 'x'));
    const drop = n % 3 === 2 ? [{ del: `key-${n - 1}` }] : [];
    await store.commit([{ put: `key-${n}`, value }, { put: 'last', value: utf8(`${n}`) }, ...drop]);
    states.push(await contentsOf(store));
  }
}

async function addSample(name: string, from: string, isSealed: boolean, states: string[]) {
  const folder = join(base, name);
  await cp(from, folder, { recursive: true });
  const names = (await readdir(folder)).filter((file) => !/^(?:LOG|LOG\.old|LOCK)$/.test(file));
  const sized = await Promise.all(
    names.map(async (file) => ({ name: file, size: (await readFile(join(folder, file))).length })),
  );
  const files = sized.filter(({ size }) => size > 0);
  samples.push({ folder, isSealed, files, states: [...states] });
}

/** Small and large values, before and after a restart (which moves the log into tables). */
async function makeSamples(): Promise<void> {
  for (const [kind, bytes] of [
    ['small', 40],
    ['large', 20_000],
  ] as const) {
    const folder = join(base, `work-${kind}`);
    const states = [''];
    const first = await openLevelStore({ folder, identity });
    await fill(first, 9, bytes, states);
    await addSample(`${kind}-killed`, folder, false, states);
    await first.close();
    await addSample(`${kind}-sealed`, folder, true, states);
    const second = await openLevelStore({ folder, identity });
    await fill(second, 4, bytes, states);
    await addSample(`${kind}-tables-killed`, folder, false, states);
    await second.close();
    await addSample(`${kind}-tables-sealed`, folder, true, states);
  }
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'quorate-corruption-'));
  await makeSamples();
}, 60_000);
afterAll(() => rm(base, { recursive: true }));

/** Opens a copy with one byte changed and says what came of it. */
async function openFlipped(sample: Sample, name: string, at: number, mask: number) {
  const copy = await mkdtemp(join(base, 'flip-'));
  await cp(sample.folder, copy, { recursive: true });
  const bytes = await readFile(join(copy, name));
  bytes[at] = (bytes[at] as number) ^ mask;
  await writeFile(join(copy, name), bytes);
  try {
    const store = await openLevelStore({ folder: copy, identity });
    const { seq } = store.head();
    const opened = { seq, isUnclean: store.unclean, contents: await contentsOf(store) };
    await store.close();
    return opened;
  } catch (error) {
    return error;
  } finally {
    await rm(copy, { recursive: true });
  }
}

const flip = fc.record({
  sample: fc.nat({ max: 7 }),
  file: fc.nat({ max: 100 }),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  mask: fc.integer({ min: 1, max: 255 }),
});

// Goal: no damage goes unnoticed (architecture 4.4). Method: flip any byte of any file of a
// store that was closed in order or killed; it must refuse and name the folder and a file, or,
// when killed, hold everything and admit to be unclean.
test('one flipped byte never changes or loses anything', async () => {
  await fc.assert(
    fc.asyncProperty(flip, async ({ sample: index, file, at, mask }) => {
      const sample = samples[index] as Sample;
      const { name, size } = sample.files[file % sample.files.length] as Sample['files'][number];
      const result = await openFlipped(sample, name, Math.floor(at * size), mask);
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(QuorateError);
        expect(result).toMatchObject({ code: 'store-corrupt' });
        expect((result as QuorateError).message).toMatch(/SEAL|CURRENT|MANIFEST-\d|\d{6}\.|batch/);
        return;
      }
      const { seq, isUnclean, contents } = result as Exclude<typeof result, Error> & {
        seq: number;
        isUnclean: boolean;
        contents: string;
      };
      expect(isUnclean).toBe(!sample.isSealed);
      // A sealed folder is refused at any change; a killed one has bytes that nobody reads.
      expect(sample.isSealed).toBe(false);
      expect(seq).toBe(sample.states.length - 1);
      expect(contents).toBe(sample.states[seq]);
    }),
    { numRuns: 150 },
  );
}, 120_000);
