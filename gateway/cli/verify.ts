/**
 * `quorate verify FILE…`: offline, from a trust root and nothing else.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Verification, verifyDocument } from '#protocols/verify-document.ts';
import { openVerifiers, readTrustRoot, trustRootPath } from '#regions/offline.ts';
import {
  type Cli,
  type CommonOptions,
  loadConfig,
  printJson,
  readNamedFile,
  withCommonOptions,
} from './cli.ts';
import { exit } from './exit.ts';

interface Options extends CommonOptions {
  readonly trustRoot?: string;
}

export function addVerify(program: Command, cli: Cli): void {
  const command = program
    .command('verify')
    .description('check a receipt, certificate, manifest or audit head, offline')
    .argument('<file...>', 'what to check')
    .option('--trust-root <file>', 'the trust root (default <data-dir>/trust-root.json)');
  withCommonOptions(command).action(async (files: string[], options: Options) => {
    const path =
      options.trustRoot === undefined
        ? trustRootPath(loadConfig(cli, options).dataDir)
        : resolve(cli.cwd, options.trustRoot);
    const trust = { root: await readTrustRoot(path), verifiers: openVerifiers() };
    cli.note(`trust root ${trust.root.fingerprint} of federation ${trust.root.federation}`);
    const results = files.map((file) => ({
      file,
      ...verifyDocument(readNamedFile(cli, file), trust),
    }));
    for (const result of results) cli.note(sentenceOf(result));
    const ok = results.every((result) => result.ok);
    if (options.json) printJson(cli, answerOf(results, ok));
    if (!ok) cli.setExitCode(exit.notVerified);
  });
}

type Result = Verification & { readonly file: string };

/** The answer for one file is its own; for several, there is one for each. */
function answerOf(results: readonly Result[], ok: boolean): unknown {
  const [only, ...others] = results;
  if (!only || others.length > 0) return { ok, results };
  const { file: _file, ...answer } = only;
  return answer;
}

function sentenceOf({ file, ok, kind, checked, field, reason }: Result): string {
  if (ok) return `${file}: this ${kind} holds (${checked.map(({ what }) => what).join(', ')})`;
  return `${file}: this ${kind} does not hold at ${field}: ${reason}`;
}
