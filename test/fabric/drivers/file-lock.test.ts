/** Locks between processes: one holder at a time, and none for ever. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeFileLock } from '#fabric/drivers/file-lock.ts';
import { systemClock } from '#fabric/open.ts';

let folder = '';
const lockFile = () => join(folder, 'a.lock');
const options = { clock: systemClock, staleMs: 200, waitMsMax: 5000 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('one holds it at a time, and nothing is left behind', async () => {
  let holders = 0;
  let most = 0;
  const work = async () => {
    const lock = await takeFileLock(lockFile(), options);
    holders += 1;
    most = Math.max(most, holders);
    await new Promise((resolve) => setTimeout(resolve, 2));
    holders -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 20 }, work));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('what a killed process left behind is taken over', async () => {
  await writeFile(lockFile(), 'of a process that is gone');
  const lock = await takeFileLock(lockFile(), options);
  expect(await lock.isHeld()).toBe(true);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('a holder that was paused too long notices, and frees nothing of others', async () => {
  const paused = await takeFileLock(lockFile(), options);
  const other = await takeFileLock(lockFile(), options);
  expect([await paused.isHeld(), await other.isHeld()]).toEqual([false, true]);
  await paused.release();
  expect(await other.isHeld()).toBe(true);
});

test('a lock that others keep taking is not waited for without end', async () => {
  const lock = await takeFileLock(lockFile(), options);
  const impatient = { ...options, staleMs: 5000, waitMsMax: 50 };
  await expect(takeFileLock(lockFile(), impatient)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await lock.isHeld()).toBe(true);
});
