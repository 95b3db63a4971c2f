/**
 * `quorate keys new FILE` and `quorate keys show [FILE…]`. Private parts are never printed.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { openSigner } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';

interface ShownKey {
  readonly file: string;
  readonly publicKey: string;
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  readonly pem: string;
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410). */
const spkiPrefix = '302a300506032b6570032100';

export function addKeys(program: Command, cli: Cli): void {
  const keys = program.command('keys').description('Ed25519 keys of people and machines');
  withCommonOptions(
    keys
      .command('new')
      .description('make a key that only you can read, and show its public half')
      .argument('<file>', 'where to put it (PKCS#8 PEM)'),
  ).action(async (file: string, options: CommonOptions) => {
    const path = resolve(cli.cwd, file);
    if (existsSync(path)) {
      throw new QuorateError('config', `${file} exists; a key is never overwritten`, {
        field: file,
      });
    }
    show(cli, options, [await shownKey(file, path, true)]);
  });
  withCommonOptions(
    keys
      .command('show')
      .description('public halves: of the files named, or of the approvers of the data folder')
      .argument('[files...]', 'key files (PKCS#8 PEM)'),
  ).action(async (files: string[], options: CommonOptions) => {
    const named = files.length > 0 ? files : approverFiles(loadConfig(cli, options).dataDir);
    const shown = named.map((file) => shownKey(file, resolve(cli.cwd, file), false));
    show(cli, options, await Promise.all(shown));
  });
}

function approverFiles(dataDir: string): string[] {
  const folder = join(dataDir, 'approvers');
  if (!existsSync(folder)) {
    throw new QuorateError('config', `there are no keys in ${folder}; name a file`, {
      field: folder,
    });
  }
  const names = readdirSync(folder).filter((name) => name.endsWith('.pem'));
  return names.sort().map((name) => join(folder, name));
}

async function shownKey(file: string, path: string, create: boolean): Promise<ShownKey> {
  const { publicKey } = await openSigner(path, { create });
  const der = Buffer.from(spkiPrefix + publicKey, 'hex');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return {
    file,
    publicKey,
    fingerprint: `sha256:${createHash('sha256').update(der).digest('hex')}`,
    pem: key.export({ format: 'pem', type: 'spki' }).toString(),
  };
}

function show(cli: Cli, options: CommonOptions, keys: readonly ShownKey[]): void {
  if (options.json) {
    printJson(cli, { keys });
    return;
  }
  for (const { file, publicKey, fingerprint, pem } of keys) {
    cli.note(`${file}  ${publicKey}  ${fingerprint}`);
    cli.out(pem.trimEnd());
  }
}
