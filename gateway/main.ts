/**
 * The process: the only file that reads the environment, and the one that ends in an exit code.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Cli } from './cli/cli.ts';
import { exit } from './cli/exit.ts';
import { runCommandLine } from './cli/program.ts';
import { openScreen } from './cli/screen.ts';

/** Runs one command line; called by the launcher. */
export async function run(argv: readonly string[]): Promise<void> {
  endQuietlyWithReader();
  if (existsSync('.env')) process.loadEnvFile('.env');
  await runCommandLine(createCli(), argv.slice(2));
}

function createCli(): Cli {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  const stdout = openScreen(process.stdout, process.env.TERM);
  const stderr = openScreen(process.stderr, process.env.TERM);
  return {
    environment: { ...process.env },
    cwd: process.cwd(),
    version: manifest.version,
    stdout,
    stderr,
    out: (line) => stdout.write(line),
    note: (line) => stderr.write(line),
    setExitCode: (code) => {
      process.exitCode = code;
    },
    onSignal,
  };
}

/** The first signal is heard by the listener; a second one ends the process at once. */
function onSignal(listener: (signal: string) => void): () => void {
  let isSecond = false;
  const hear = (signal: NodeJS.Signals) => {
    if (isSecond) process.exit(exit.interrupted);
    isSecond = true;
    listener(signal);
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  return () => {
    process.off('SIGINT', hear).off('SIGTERM', hear);
  };
}

/** `quorate decisions | head` closes our stdout early; that is no failure. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exit.ok);
  });
}
