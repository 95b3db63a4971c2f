/**
 * Login codes: short, random, each good for one login.
 *
 * A code's grant lies in the data folder under the digest of the code: whoever may write there,
 * the gateway and `quorate login`, may let people in, and whoever merely lists the folder learns
 * no code. Taking a code removes its file first, so of two who send it at once one gets in.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { makeFolderDurably, syncFolder, systemClock, writeDurably } from '#fabric/open.ts';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';

export interface LoginGrant {
  readonly subject: string;
  readonly roles: readonly Role[];
  /** The session begins with the first. */
  readonly tenants: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

const StoredGrant = Type.Object(
  {
    subject: Name,
    roles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
    tenants: Type.Array(Name, { minItems: 1, maxItems: 1000 }),
    expiresAt: Type.Number(),
  },
  { additionalProperties: false },
);

/** 128 bits: nobody guesses one in its lifetime. */
const codeBytes = 16;
/** More waiting logins than anybody has: the first to expire goes. */
const codesMax = 100;

/** Resolves once the code can be used, also by a gateway that is another process. */
export async function makeLoginCode(dataDir: string, grant: LoginGrant): Promise<string> {
  const folder = folderOf(dataDir);
  await makeFolderDurably(folder);
  await makeRoom(folder);
  const code = randomBytes(codeBytes).toString('base64url');
  await writeDurably(fileOf(folder, code), JSON.stringify(grant), 0o600);
  return code;
}

/** What the code grants; null when it is unknown, was used or has expired. Never twice. */
export async function takeLoginCode(dataDir: string, code: string): Promise<LoginGrant | null> {
  const folder = folderOf(dataDir);
  const file = fileOf(folder, code);
  const grant = await read(file);
  if (!grant) return null;
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null; // somebody was faster
    throw error;
  }
  await syncFolder(folder);
  return grant.expiresAt > systemClock.now() ? grant : null;
}

async function makeRoom(folder: string): Promise<void> {
  // Others are being written at this moment, by somebody who logs in beside us.
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const files = names.map((name) => join(folder, name));
  const grants = await Promise.all(
    files.map(async (file) => ({ file, expiresAt: (await read(file))?.expiresAt ?? 0 })),
  );
  const live = grants
    .filter(({ expiresAt }) => expiresAt > systemClock.now())
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, codesMax - 1)
    .map(({ file }) => file);
  for (const file of files) if (!live.includes(file)) await rm(file, { force: true });
}

async function read(file: string): Promise<LoginGrant | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Value.Check(StoredGrant, value) ? value : null;
  } catch {
    return null; // no such code, or a file that is none of ours
  }
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'gateway', 'logins');
}

function fileOf(folder: string, code: string): string {
  return join(folder, `${createHash('sha256').update(code).digest('hex')}.json`);
}
