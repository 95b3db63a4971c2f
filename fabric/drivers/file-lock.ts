/**
 * A lock between processes that share a folder, also from different containers: a file that
 * holds a random token.
 *
 * Pids say nothing across containers and clocks may differ, so a lock is stale when a waiter has
 * seen one and the same token for longer than any holder works. Who takes it over moves it aside
 * first and looks at it again. A holder that was paused that long finds its token gone and must
 * not act: isHeld().
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { QuorateError } from '#protocols/errors.ts';
import type { Clock } from '../ports.ts';

export interface FileLock {
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

export interface FileLockOptions {
  readonly clock: Clock;
  /** A change of one small file takes milliseconds, with a slow disk tenths of a second. */
  readonly staleMs?: number;
  /** Enough for a stale lock and for some that queue before us. */
  readonly waitMsMax?: number;
}

const staleMsDefault = 5000;
const waitMsMaxDefault = 20_000;
const lookMs = 10;

/** Takes the lock; rejects with `unavailable` when it stays taken. */
export async function takeFileLock(file: string, options: FileLockOptions): Promise<FileLock> {
  const { clock, staleMs = staleMsDefault, waitMsMax = waitMsMaxDefault } = options;
  const token = randomUUID();
  const draft = `${file}.${token}`;
  await writeFile(draft, token, { flag: 'wx' });
  try {
    let seen: { readonly token: string | null; readonly waitedMs: number } | null = null;
    for (let waitedMs = 0; waitedMs <= waitMsMax; waitedMs += lookMs) {
      if (await linkIfFree(draft, file)) return lockOf(file, token);
      const holder = await readToken(file);
      if (seen === null || seen.token !== holder) seen = { token: holder, waitedMs };
      else if (waitedMs - seen.waitedMs >= staleMs) await setAside(file, holder, `${draft}.stale`);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, lookMs));
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new QuorateError('unavailable', `the lock ${file} stays taken`, {
    retryable: true,
    field: file,
  });
}

function lockOf(file: string, token: string): FileLock {
  const isHeld = async () => (await readToken(file)) === token;
  return {
    isHeld,
    release: async () => {
      if (await isHeld()) await rm(file, { force: true });
    },
  };
}

async function linkIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false;
    throw cause;
  }
}

/** Puts back what is not what was stale: somebody else was faster. */
async function setAside(file: string, stale: string | null, aside: string): Promise<void> {
  try {
    await rename(file, aside);
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return;
    throw cause;
  }
  if ((await readToken(aside)) !== stale) await linkIfFree(aside, file);
  await rm(aside, { force: true });
}

async function readToken(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
