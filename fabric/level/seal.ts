/**
 * The seal: what an orderly stop leaves behind so that the next start trusts nothing unseen.
 *
 *   {"files":{"000012.log":"<sha256>",…},"head":{…},"identity":{…},"type":"seal/1"}\n<sha256>\n
 *
 * With a seal every file must match it to the byte, and the store opens clean. It is removed,
 * durably, before the first write; without it the store was not closed in order and may have
 * lost its tail. The last line is the hash of the first: the seal checks itself.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '#engine';
import { fromUtf8, toHex, utf8 } from '#protocols/bytes.ts';
import { canonical } from '#protocols/canonical.ts';
import { syncFolder, writeDurably } from '../files.ts';
import type { StoreHead } from '../ports.ts';
import { corrupt } from './corrupt.ts';
import { levelFiles } from './folder-check.ts';

/** Whose store this is; record 0 holds it, and no other region may open it. */
export interface StoreIdentity {
  readonly federation: string;
  readonly region: string;
}

export interface Seal {
  readonly type: 'seal/1';
  readonly identity: StoreIdentity;
  readonly head: StoreHead;
  /** Hex SHA-256 by file name. */
  readonly files: Readonly<Record<string, string>>;
}

const fileName = 'SEAL';

/** Seals a folder that LevelDB has closed. */
export async function writeSeal(
  folder: string,
  identity: StoreIdentity,
  head: StoreHead,
): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of await levelFiles(folder)) files[name] = await hashFile(join(folder, name));
  const line = canonical({ type: 'seal/1', identity, head, files });
  await writeDurably(join(folder, fileName), `${line}\n${toHex(sha256(utf8(line)))}\n`);
}

/** Null when there is none; rejects with store-corrupt when it is not what was written. */
export async function readSeal(folder: string): Promise<Seal | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, fileName));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
  const seal = parse(bytes);
  if (seal === null) throw corrupt(folder, fileName, 'its own hash does not match');
  return seal;
}

/** Rejects with store-corrupt, naming the file, unless the folder is exactly what was sealed. */
export async function checkSeal(folder: string, seal: Seal): Promise<void> {
  const range = `batches 0 to ${seal.head.seq}`;
  const present = await levelFiles(folder);
  for (const name of present) {
    if (seal.files[name] === undefined) {
      throw corrupt(folder, name, `it was not there when the store was sealed (${range})`);
    }
  }
  for (const [name, hash] of Object.entries(seal.files)) {
    if (!present.includes(name)) throw corrupt(folder, name, `it is missing (${range})`);
    if ((await hashFile(join(folder, name))) !== hash) {
      throw corrupt(folder, name, `it changed after the store was sealed (${range})`);
    }
  }
}

/** Removes the seal durably: from here on a crash leaves the store unclean. */
export async function removeSeal(folder: string): Promise<void> {
  await rm(join(folder, fileName), { force: true });
  await syncFolder(folder);
}

/** What hashes to its last line is what writeSeal wrote. */
function parse(bytes: Uint8Array): Seal | null {
  try {
    const text = fromUtf8(bytes);
    const line = text.slice(0, text.indexOf('\n'));
    return text === `${line}\n${toHex(sha256(utf8(line)))}\n` ? (JSON.parse(line) as Seal) : null;
  } catch {
    return null;
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
