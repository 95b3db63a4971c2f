/**
 * The mock cluster's files in a folder: each write is a new file, synced and renamed into place.
 *
 * Whoever changes a target holds its lock. Regions of a process that open the same folder share
 * one queue before it; regions of other processes meet at the lock file alone.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { assert, required } from '#protocols/assert.ts';
import { QuorateError } from '#protocols/errors.ts';
import { systemClock } from '../clock.ts';
import { makeFolderDurably, writeDurably } from '../files.ts';
import { KeyedQueue } from '../keyed-queue.ts';
import { type FileLock, takeFileLock } from './file-lock.ts';
import type { ClusterFiles, TargetQueue } from './mock.ts';

const pathPattern = /^[a-z][a-z0-9-]{0,62}\/[a-z][a-z0-9-]{0,62}\.json$/;

/** What the processes' regions share of one folder. */
interface Shared {
  readonly queue: KeyedQueue;
  /** By path, while its target is being changed. */
  readonly locks: Map<string, FileLock>;
}

const opened = new Map<string, Shared>();

export function folderClusterFiles(folder: string): ClusterFiles {
  const root = resolve(folder);
  const shared = opened.get(root) ?? { queue: new KeyedQueue(), locks: new Map() };
  opened.set(root, shared);
  return {
    read: (path) => readIfThere(inside(root, path)),
    write: async (path, text) => {
      const file = inside(root, path);
      const lock = required(shared.locks.get(path), 'a target is changed under its lock');
      if (!(await lock.isHeld())) {
        throw new QuorateError('unavailable', `another process has taken over ${path}`, {
          retryable: true,
          field: path,
        });
      }
      await writeDurably(file, text);
    },
    list: async () => {
      await makeFolderDurably(root);
      const names = await readdir(root, { recursive: true });
      return names.filter((name) => pathPattern.test(name)).sort();
    },
    queue: queueOf(root, shared),
  };
}

function queueOf(root: string, { queue, locks }: Shared): TargetQueue {
  return {
    run: (target, task) =>
      queue.run(target, async () => {
        const path = `${target}.json`;
        const file = inside(root, path);
        await makeFolderDurably(dirname(file));
        const lock = await takeFileLock(`${file}.lock`, { clock: systemClock });
        locks.set(path, lock);
        try {
          return await task();
        } finally {
          locks.delete(path);
          await lock.release();
        }
      }),
  };
}

/** Paths come from targets, whose schema leaves no way out of the folder. */
function inside(root: string, path: string): string {
  assert(pathPattern.test(path), 'a target has a tenant and a service');
  return join(root, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
