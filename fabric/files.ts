/**
 * Files that are either the old or the new one, whatever happens in between.
 *
 * A rename replaces a name atomically, but is durable only once the folder itself is synced.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a temporary file, syncs it, renames it over `path` and syncs the folder. */
export async function writeDurably(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable: creations, renames and removals. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder with its parents and syncs every parent that gained a name. */
export async function makeFolderDurably(folder: string): Promise<void> {
  const created = await mkdir(folder, { recursive: true });
  if (created === undefined) return;
  let path = folder;
  while (path.length >= created.length) {
    path = dirname(path);
    await syncFolder(path);
  }
}
