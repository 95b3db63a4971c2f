/**
 * Looks over a LevelDB folder that was not sealed, before LevelDB touches it.
 *
 * LevelDB opens a damaged folder without complaint, drops what it cannot read and deletes what
 * it believes obsolete; by then it is too late to refuse. So first: CURRENT names a MANIFEST,
 * the MANIFEST is intact, every table it names is there, whole and passes its checksums, and no
 * live log has damage in front of valid records. What a crash can leave is allowed: a torn last
 * record, unfinished tables that no MANIFEST names, logs that are already obsolete.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromUtf8 } from '#protocols/bytes.ts';
import { corrupt } from './corrupt.ts';
import { scanLog } from './leveldb-log.ts';
import { type LiveFiles, replayManifest } from './leveldb-manifest.ts';
import { tableDamage } from './leveldb-table.ts';

const dataFile = /^(?:CURRENT|MANIFEST-\d+|\d+\.(?:log|ldb|sst))$/;
const contentFile = /^(?:CURRENT|\d+\.(?:log|ldb|sst))$/;

/** The files that hold data, sorted; LevelDB's own LOG, LOG.old and LOCK hold none. */
export async function levelFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => dataFile.test(name)).sort();
}

/** Whether LevelDB ever opened here: a crash before that leaves at most a MANIFEST. */
export function hasContent(files: readonly string[]): boolean {
  return files.some((name) => contentFile.test(name));
}

/** Rejects with store-corrupt at the first file that a crash alone cannot explain. */
export async function checkFolder(folder: string, files: readonly string[]): Promise<void> {
  const manifest = await currentManifest(folder);
  const scan = scanLog(await readFile(join(folder, manifest)));
  const live = replayManifest(scan.records);
  const { damage } = scan;
  const isCut = damage === null || (damage.isTorn && !damage.isFollowedByValid);
  if (live === null || live.log === null || !isCut) {
    throw corrupt(folder, manifest, `it is damaged${atByte(damage)}`);
  }
  await checkTables(folder, live);
  await checkLogs(folder, files, live);
  // An edit is only relied on once it is synced: if it was torn by a crash, the log that it
  // would have made obsolete is still there. Where that log is gone, a synced edit was damaged.
  if (live.log > 0 && !files.some((name) => numberOf(name, 'log') === live.log)) {
    throw corrupt(folder, manifest, `it needs log ${live.log}, which is not there`);
  }
}

async function currentManifest(folder: string): Promise<string> {
  if (!existsSync(join(folder, 'CURRENT'))) {
    throw corrupt(folder, 'CURRENT', 'it is missing while logs or tables are there');
  }
  const text = decodeAscii(await readFile(join(folder, 'CURRENT')));
  const name = /^(MANIFEST-\d+)\n$/.exec(text)?.[1];
  if (name === undefined || !existsSync(join(folder, name))) {
    throw corrupt(folder, 'CURRENT', 'it does not name a MANIFEST that is there');
  }
  return name;
}

async function checkTables(folder: string, live: LiveFiles): Promise<void> {
  for (const [number, size] of live.tables) {
    const name = `${String(number).padStart(6, '0')}.ldb`;
    const bytes = await readIfThere(join(folder, name));
    if (bytes === null) throw corrupt(folder, name, 'it is missing');
    const damage = bytes.length === size ? tableDamage(bytes) : `it has not its ${size} bytes`;
    if (damage !== null) throw corrupt(folder, name, damage);
  }
}

async function checkLogs(folder: string, files: readonly string[], live: LiveFiles): Promise<void> {
  let torn: { readonly name: string; readonly at: number } | null = null;
  for (const name of liveLogs(files, live)) {
    const { records, damage } = scanLog(await readFile(join(folder, name)));
    if (torn && records.length > 0) {
      throw corrupt(folder, torn.name, `it ends${atByte(torn)}, yet ${name} goes on`);
    }
    if (damage?.isFollowedByValid) {
      throw corrupt(folder, name, `it is damaged${atByte(damage)}, in front of valid records`);
    }
    if (damage && !damage.isTorn) {
      throw corrupt(folder, name, `its last record has changed${atByte(damage)}`);
    }
    if (damage) torn = { name, at: damage.at };
  }
}

/** The logs that LevelDB will replay, oldest first. */
function liveLogs(files: readonly string[], live: LiveFiles): string[] {
  const isLive = (number: number) => number >= (live.log ?? 0) || number === live.previousLog;
  return files
    .filter((name) => name.endsWith('.log') && isLive(numberOf(name, 'log') ?? -1))
    .sort((a, b) => (numberOf(a, 'log') ?? 0) - (numberOf(b, 'log') ?? 0));
}

function numberOf(name: string, extension: string): number | null {
  const digits = name.endsWith(`.${extension}`) ? name.slice(0, -extension.length - 1) : '';
  return /^\d+$/.test(digits) ? Number(digits) : null;
}

function atByte(damage: { readonly at: number } | null): string {
  return damage === null ? '' : ` at byte ${damage.at}`;
}

function decodeAscii(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return '';
  }
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
