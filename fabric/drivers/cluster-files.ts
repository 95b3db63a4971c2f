/**
 * The mock cluster's files in a folder: each write is a new file, synced and renamed into place.
 *
 * All regions of a process that open the same folder share one queue; that another process does
 * not open it is the data folder's business (data-folder.ts).
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { assert } from '#protocols/assert.ts';
import { makeFolderDurably, writeDurably } from '../files.ts';
import { KeyedQueue } from '../keyed-queue.ts';
import type { ClusterFiles } from './mock.ts';

const pathPattern = /^[a-z][a-z0-9-]{0,62}\/[a-z][a-z0-9-]{0,62}\.json$/;
const queues = new Map<string, KeyedQueue>();

export function folderClusterFiles(folder: string): ClusterFiles {
  const root = resolve(folder);
  const queue = queues.get(root) ?? new KeyedQueue();
  queues.set(root, queue);
  return {
    read: (path) => readIfThere(inside(root, path)),
    write: async (path, text) => {
      const file = inside(root, path);
      await makeFolderDurably(dirname(file));
      await writeDurably(file, text);
    },
    list: async () => {
      await makeFolderDurably(root);
      const names = await readdir(root, { recursive: true });
      return names.filter((name) => pathPattern.test(name)).sort();
    },
    queue,
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
