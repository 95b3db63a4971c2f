/**
 * One process at a time on a data folder: `quorate.pid` names the one that holds it.
 *
 * The file appears with its content in one step (a link), so that nobody reads it half written.
 * A process that was killed leaves it behind; then it names a process that is gone, that is no
 * node process, or that has our own pid (the first process of a container always has the same),
 * and the folder is taken over. The stores' own locks stand behind this.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { QuorateError } from '#protocols/errors.ts';
import { makeFolderDurably } from './files.ts';

export interface DataFolderClaim {
  readonly folder: string;
  /** Gives the folder free; doing it twice is doing it once. */
  release(): Promise<void>;
}

const pidFile = 'quorate.pid';
/** Each attempt but the first follows on a stale file that somebody else may take over too. */
const attemptsMax = 5;
/** Folders this process holds: its own pid in their files is no leftover. */
const held = new Set<string>();

/** Rejects with data-folder-in-use when a live process holds the folder. */
export async function claimDataFolder(path: string): Promise<DataFolderClaim> {
  const folder = resolve(path);
  if (held.has(folder)) throw inUse(folder, process.pid);
  held.add(folder);
  try {
    await makeFolderDurably(folder);
    await writePidFile(folder);
  } catch (error) {
    held.delete(folder);
    throw error;
  }
  return { folder, release: () => release(folder) };
}

async function writePidFile(folder: string): Promise<void> {
  const file = join(folder, pidFile);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${process.pid}\n`);
  try {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      if (await linkIfFree(draft, file)) return;
      const holder = await readPid(file);
      if (holder !== null && (await isAlive(holder))) throw inUse(folder, holder);
      await setAside(file, holder);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new QuorateError('data-folder-in-use', `the data folder ${folder} is being claimed`, {
    retryable: true,
    field: folder,
  });
}

async function linkIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/**
 * Removes a stale file. Another process may have replaced it since it was read: what was moved
 * away is looked at again, and put back if it is not what was stale.
 */
async function setAside(file: string, stale: number | null): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw cause;
  }
  if ((await readPid(aside)) !== stale) await linkIfFree(aside, file);
  await rm(aside, { force: true });
}

async function release(folder: string): Promise<void> {
  if (!held.delete(folder)) return;
  const file = join(folder, pidFile);
  if ((await readPid(file)) === process.pid) await rm(file, { force: true });
}

/** Null when there is no file or no pid in it. */
async function readPid(file: string): Promise<number | null> {
  const text = await readIfThere(file);
  return text !== null && /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : null;
}

async function isAlive(pid: number): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    // EPERM: it is there and belongs to somebody else.
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // Where there is no /proc, a process that is there is taken for the holder.
  const command = await readIfThere(`/proc/${pid}/cmdline`);
  return command === null || /node|quorate/.test(command);
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}

function inUse(folder: string, pid: number): QuorateError {
  return new QuorateError(
    'data-folder-in-use',
    `the data folder ${folder} is in use by process ${pid}: stop it, or choose another --data-dir`,
    { field: folder },
  );
}
