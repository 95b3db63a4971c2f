/**
 * A folder of private keys: one PKCS#8 PEM file a key, readable by its owner only.
 *
 * A key file that others can read is refused by name: it may have been copied already. A new
 * key is written to a temporary file, synced and linked into place, so that a crash leaves
 * either no key or a whole one, and two processes that start at once cannot both keep theirs.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSigner, Signer } from '#fabric/ports.ts';
import { toHex } from '#protocols/bytes.ts';
import { QuorateError } from '#protocols/errors.ts';

export interface Keystore {
  readonly signer: Signer;
  readonly logSigner: LogSigner;
}

/** The file names of a region's keys, without `.pem`. */
export interface KeyNames {
  readonly signer: string;
  readonly log: string;
  readonly logMlDsa44: string;
}

export const regionKeys: KeyNames = { signer: 'member', log: 'log', logMlDsa44: 'log-ml-dsa-44' };

type Algorithm = 'ed25519' | 'ml-dsa-44';

/** Opens the keys of a folder; with `create`, those that are missing are made. */
export async function openKeystore(
  dir: string,
  names: KeyNames,
  { create }: { readonly create: boolean },
): Promise<Keystore> {
  if (create) await mkdir(dir, { recursive: true, mode: 0o700 });
  const key = (name: string, algorithm: Algorithm) =>
    openKey({ file: join(dir, `${name}.pem`), algorithm, create });
  const member = await key(names.signer, 'ed25519');
  const log = await key(names.log, 'ed25519');
  const logMlDsa44 = await key(names.logMlDsa44, 'ml-dsa-44');
  return { signer: signerOf(member), logSigner: logSignerOf(log, logMlDsa44) };
}

/** Opens one Ed25519 key file, as an approver or an operator has. */
export async function openSigner(
  file: string,
  { create }: { readonly create: boolean },
): Promise<Signer> {
  return signerOf(await openKey({ file, algorithm: 'ed25519', create }));
}

/** The signer of an Ed25519 private key in PKCS#8 PEM. `file` is named in errors. */
export function signerFromPem(pem: string, file = 'key'): Signer {
  return signerOf(parseKey(pem, { file, algorithm: 'ed25519' }));
}

/** Seed and public key of an Ed25519 key file, 64 bytes, for a library that signs by itself. */
export async function rawPrivateKey(file: string): Promise<Uint8Array> {
  const key = await openKey({ file, algorithm: 'ed25519', create: false });
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]);
}

interface KeyFile {
  readonly file: string;
  readonly algorithm: Algorithm;
}

async function openKey({ file, algorithm, create }: KeyFile & { create: boolean }) {
  const pem = await readPrivate(file);
  if (pem !== null) return parseKey(pem, { file, algorithm });
  if (!create) throw new QuorateError('config', `there is no key file ${file}`, { field: file });
  const made = generate(algorithm).export({ format: 'pem', type: 'pkcs8' }).toString();
  await writePrivate(file, made);
  // Another process may have been first: its key counts.
  return parseKey((await readPrivate(file)) ?? '', { file, algorithm });
}

function generate(algorithm: Algorithm): KeyObject {
  return algorithm === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ml-dsa-44').privateKey;
}

function parseKey(pem: string, { file, algorithm }: KeyFile): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    const message = pem.includes('ENCRYPTED')
      ? `the key file ${file} is encrypted; give an unencrypted PKCS#8 PEM`
      : `the key file ${file} is not a private key in PKCS#8 PEM`;
    throw new QuorateError('config', message, { field: file, cause });
  }
  if (key.asymmetricKeyType === algorithm) return key;
  const found = key.asymmetricKeyType ?? 'unknown';
  throw new QuorateError('config', `the key in ${file} is ${found}, not ${algorithm}`, {
    field: file,
  });
}

/** The text of a file that only its owner can read; null when there is none. */
async function readPrivate(file: string): Promise<string | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY);
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return null;
    throw new QuorateError('config', `the key file ${file} cannot be read`, { field: file, cause });
  }
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const hint = `others can read the key file ${file}; make it yours alone: chmod 600 ${file}`;
      throw new QuorateError('config', hint, { field: file });
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Writes a new file, synced, or leaves the one that is already there. */
async function writePrivate(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.new`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
  } catch (cause) {
    if (!isCode(cause, 'EEXIST')) throw cause;
  } finally {
    await unlink(temporary);
  }
  const folder = await open(join(file, '..'), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function signerOf(key: KeyObject): Signer {
  return {
    publicKey: publicKeyHex(key, 32),
    sign: (message) => signBytes(message, key),
  };
}

function logSignerOf(log: KeyObject, logMlDsa44: KeyObject): LogSigner {
  return {
    ...signerOf(log),
    publicKeyMlDsa44: publicKeyHex(logMlDsa44, 1312),
    signMlDsa44: (message) => signBytes(message, logMlDsa44),
  };
}

/** Plain bytes: a Buffer's slice() would share memory. */
function signBytes(message: Uint8Array, key: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, message, key));
}

/** A SubjectPublicKeyInfo ends with the raw key. */
function publicKeyHex(key: KeyObject, length: number): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return toHex(new Uint8Array(der.subarray(der.length - length)));
}
