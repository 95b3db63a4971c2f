/** Programs of the machine. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian puts some servers where only root's PATH looks. */
const extraFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** Where a program of that name lies that can be run; null where there is none. */
export function pathOf(program: string): string | null {
  const { PATH = '' } = process.env;
  const folders = PATH.split(delimiter).concat(extraFolders);
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
