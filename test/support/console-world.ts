/**
 * The running program with its console, people in front of it, and a colleague elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Asking, askAs } from './asking.ts';
import { commandLine } from './command-line.ts';
import { answerOf, startQuorate, temporaryFolder } from './process.ts';
import { atShortSpeed, writeShortRecording } from './recording.ts';

export interface ConsoleWorld {
  readonly url: string;
  /** The link that the program wrote down when it started. */
  readonly printedLink: string;
  /** A fresh link by `quorate login`. */
  link(name: string, ...options: readonly string[]): Promise<string>;
  /** bob, who operates the tenant. */
  bob(tenant: string): Promise<Asking>;
}

/** `quorate up` on a short recording that has ended; it is killed when the test file ends. */
export async function openConsoleWorld(): Promise<ConsoleWorld> {
  const folder = await temporaryFolder();
  await writeShortRecording(join(folder, 'short'));
  const place = ['--data-dir', 'var', '--port', '0'];
  const args = ['up', '--data', 'short', ...atShortSpeed, ...place];
  const running = startQuorate(args, { cwd: folder });
  const { url } = JSON.parse(await running.line(/"login_file"/)) as { url: string };
  await running.line(/the recording has ended/);
  const run = commandLine(folder);
  const here = (...words: readonly string[]) => run(...words, '--data-dir', 'var');
  return {
    url,
    printedLink: (await readFile(join(folder, 'var', 'login'), 'utf8')).trim(),
    link: async (name, ...options) =>
      answerOf<{ link: string }>(await here('login', '--as', name, ...options, '--json')).link,
    bob: async (tenant) => {
      const who = ['--tenant', tenant, '--roles', 'operator', '--subject', 'bob'];
      return askAs(url, (await here('token', ...who)).stdout.trim());
    },
  };
}
