/**
 * The process: the only file that reads the environment, and the one that ends in an exit code.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAudit } from './cli/audit.ts';
import type { Cli } from './cli/cli.ts';
import { addConfig } from './cli/config.ts';
import { addDecisions } from './cli/decisions.ts';
import { endingOf, exit } from './cli/exit.ts';
import { addKeys } from './cli/keys.ts';
import { addStop } from './cli/stop.ts';
import { addToken } from './cli/token.ts';
import { addUp } from './cli/up.ts';
import { addVerdicts } from './cli/verdicts.ts';
import { addVerify } from './cli/verify.ts';

/** Runs one command line; called by the launcher. */
export async function run(argv: readonly string[]): Promise<void> {
  endQuietlyWithReader();
  if (existsSync('.env')) process.loadEnvFile('.env');
  const cli = createCli();
  try {
    await buildProgram(cli).parseAsync([...argv]);
  } catch (error) {
    const { code, line } = endingOf(error);
    if (line !== null) cli.note(line);
    if (cli.environment.LOG_LEVEL === 'debug' && error instanceof Error) {
      cli.note(String(error.stack));
    }
    cli.setExitCode(code);
  }
}

function buildProgram(cli: Cli): Command {
  const program = new Command('quorate')
    .description('operations across regions and tenants, decided by signed quorums')
    .version(cli.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.out(text.trimEnd()),
      // Usage errors become one line of our own; help that was not asked for goes to stderr.
      outputError: () => {},
      writeErr: (text) => cli.note(text.trimEnd()),
    });
  for (const add of [
    addUp,
    addVerify,
    addDecisions,
    addVerdicts,
    addStop,
    addAudit,
    addKeys,
    addToken,
    addConfig,
  ]) {
    add(program, cli);
  }
  return program;
}

function createCli(): Cli {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return {
    environment: { ...process.env },
    cwd: process.cwd(),
    version: manifest.version,
    isTerminal: process.stdout.isTTY === true,
    isErrorTerminal: process.stderr.isTTY === true,
    out: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
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
