/**
 * What every command is given: where it runs and where it writes.
 *
 * Data goes to stdout, everything else to stderr.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { QuorateError } from '#protocols/errors.ts';
import { type Config, readConfig } from '#regions/config.ts';
import type { ExitCode } from './exit.ts';
import type { Screen } from './screen.ts';

export interface Cli {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Data: one line. */
  readonly out: (line: string) => void;
  /** Progress: one line. */
  readonly note: (line: string) => void;
  setExitCode(code: ExitCode): void;
  /** Hears SIGINT and SIGTERM; returns the unsubscriber. */
  onSignal(listener: (signal: string) => void): () => void;
}

/** Options of every command that reads the configuration. */
export interface CommonOptions {
  readonly dataDir?: string;
  readonly config?: string;
  readonly json?: boolean;
}

const defaultFile = 'quorate.yaml';

export function withCommonOptions(command: Command): Command {
  return command
    .option('--data-dir <dir>', 'the data folder (default ./var)')
    .option('--config <file>', `the configuration file (default ${defaultFile} when it exists)`)
    .option('--json', 'one JSON object on the last line of stdout');
}

/** Reads the configuration; `flags` are the command's own, by configuration key. */
export function loadConfig(
  cli: Cli,
  options: CommonOptions,
  flags: Readonly<Record<string, unknown>> = {},
): Config {
  const { config, warnings, unused } = readConfig({
    flags: { ...flags, dataDir: options.dataDir },
    environment: cli.environment,
    ...fileOf(cli, options),
    readText: (path) => readText(resolve(cli.cwd, path)),
  });
  for (const warning of warnings) cli.note(`warning: ${warning}`);
  if (unused.length > 0) {
    cli.note(`warning: set but not used by this version: ${unused.join(', ')}`);
  }
  return { ...config, dataDir: resolve(cli.cwd, config.dataDir) };
}

function fileOf(cli: Cli, options: CommonOptions) {
  const named = options.config ?? cli.environment.QUORATE_CONFIG;
  const name = named ?? defaultFile;
  const path = resolve(cli.cwd, name);
  if (named === undefined && !existsSync(path)) return {};
  const text = readText(path);
  if (text === undefined) {
    throw new QuorateError('config', `cannot read the configuration file ${name}`, {
      field: name,
    });
  }
  return { file: { name, text, folder: dirname(path) } };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the caller knows whether that matters, and names the file
  }
}

/** Reads a file that a person named. */
export function readNamedFile(cli: Cli, name: string): Uint8Array {
  try {
    return readFileSync(resolve(cli.cwd, name));
  } catch (cause) {
    throw new QuorateError('config', `cannot read the file ${name}`, { cause, field: name });
  }
}

export function printJson(cli: Cli, value: unknown): void {
  cli.out(JSON.stringify(value));
}
