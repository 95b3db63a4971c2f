import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimDataFolder } from '#fabric/data-folder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-data-'));
});
afterEach(() => rm(folder, { recursive: true }));

const pidFile = () => join(folder, 'quorate.pid');

test('a claim writes the pid, a release removes it and leaves nothing else', async () => {
  const claim = await claimDataFolder(folder);
  expect(await readFile(pidFile(), 'utf8')).toBe(`${process.pid}\n`);
  expect(await readdir(folder)).toEqual(['quorate.pid']);
  await claim.release();
  await claim.release();
  expect(await readdir(folder)).toEqual([]);
});

test('a second claim is refused in one line that names the process', async () => {
  const claim = await claimDataFolder(folder);
  const refused = claimDataFolder(`${folder}/`);
  await expect(refused).rejects.toMatchObject({
    code: 'data-folder-in-use',
    message: expect.stringMatching(new RegExp(`^[^\\n]*process ${process.pid}[^\\n]*$`)),
  });
  await claim.release();
  await (await claimDataFolder(folder)).release();
});

test('of claims that race, one holds the folder', async () => {
  await writeFile(pidFile(), '4194304000\n');
  const results = await Promise.allSettled([1, 2, 3].map(() => claimDataFolder(folder)));
  const holders = results.filter(({ status }) => status === 'fulfilled');
  expect(holders.length).toBe(1);
  for (const result of results) if (result.status === 'fulfilled') await result.value.release();
});

test('a live node process holds its folder, and when killed it does not', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    await once(child, 'spawn');
    await writeFile(pidFile(), `${child.pid}\n`);
    await expect(claimDataFolder(folder)).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const claim = await claimDataFolder(folder);
    expect(await readFile(pidFile(), 'utf8')).toBe(`${process.pid}\n`);
    await claim.release();
  } finally {
    child.kill('SIGKILL');
  }
});

test('a pid that belongs to another program by now is stale', async () => {
  const child = spawn('sleep', ['60']);
  try {
    await once(child, 'spawn');
    await writeFile(pidFile(), `${child.pid}\n`);
    await (await claimDataFolder(folder)).release();
  } finally {
    child.kill('SIGKILL');
  }
});

test('our own pid from a life before this one, or a damaged file, is stale', async () => {
  for (const text of [`${process.pid}\n`, '', 'hello', '0\n', '-1\n']) {
    await writeFile(pidFile(), text);
    await (await claimDataFolder(folder)).release();
  }
  expect(await readdir(folder)).toEqual([]);
});

test('a release leaves the file of a process that took the folder over', async () => {
  const claim = await claimDataFolder(folder);
  await writeFile(pidFile(), '12345\n');
  await claim.release();
  expect(await readFile(pidFile(), 'utf8')).toBe('12345\n');
});
