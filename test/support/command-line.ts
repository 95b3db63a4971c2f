/**
 * Commands without a process: the command line as it is, given a place, an environment and ears.
 */
import type { Cli } from '#gateway/cli/cli.ts';
import { runCommandLine } from '#gateway/cli/program.ts';
import type { Screen } from '#gateway/cli/screen.ts';
import type { Ended } from './process.ts';

/** Runs commands in a folder, each to its end. */
export function commandLine(cwd: string): (...words: readonly string[]) => Promise<Ended> {
  return async (...words) => {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    let code = 0;
    const cli: Cli = {
      environment: {},
      cwd,
      version: '0.0.0',
      stdout: screenOf(stdout),
      stderr: screenOf(stderr),
      out: (line) => stdout.push(line),
      note: (line) => stderr.push(line),
      setExitCode: (value) => {
        code = value;
      },
      onSignal: () => () => {},
    };
    await runCommandLine(cli, words);
    const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
    return { code, signal: null, stdout: text(stdout), stderr: text(stderr) };
  };
}

function screenOf(lines: string[]): Screen {
  return {
    isTerminal: false,
    columns: 80,
    style: (_tone, text) => text,
    write: (line) => {
      lines.push(line);
    },
    status: () => {},
  };
}
