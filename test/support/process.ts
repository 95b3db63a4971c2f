/**
 * Real processes for the integration tests: `quorate` as people run it, in temporary folders.
 *
 * The environment is empty but for Node's cache of compiled code, which halves what a start
 * costs: nothing set on this machine reaches a test. Only processes started here are ever
 * signalled, each by its own pid; what still runs when a test file ends is killed, and its
 * folders are removed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';
import { root } from './source-files.ts';

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** The first line of stdout or stderr that matches, said already or still to come. */
  line(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** JavaScript that runs before the launcher does. */
  readonly preload?: string;
}

const launcher = join(root, 'gateway', 'quorate.js');
const compiled = join(root, 'node_modules', '.cache', 'quorate-it');
const lineMs = 30_000;
const running = new Set<Running>();
const folders: string[] = [];

afterAll(async () => {
  for (const one of running) one.signal('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new folder that is gone when the test file has ended. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-it-'));
  folders.push(folder);
  return folder;
}

/** Runs one command to its end. */
export function quorate(args: readonly string[], options?: ProcessOptions): Promise<Ended> {
  return startQuorate(args, options).ended;
}

/** Starts a command and leaves it running. */
export function startQuorate(args: readonly string[], options: ProcessOptions = {}): Running {
  const { cwd = tmpdir(), environment = {}, preload } = options;
  const before = preload === undefined ? [] : ['--import', `data:text/javascript,${preload}`];
  const child = spawn(process.execPath, [...before, launcher, ...args], {
    cwd,
    env: { NODE_COMPILE_CACHE: compiled, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = new Lines();
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
    createInterface({ input: child[name] }).on('line', (line) => lines.add(line));
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(one);
      lines.end();
      resolve({ code, signal, ...texts });
    });
  });
  const one: Running = {
    pid: child.pid ?? 0,
    ended,
    line: (pattern) => lines.find(pattern),
    signal: (name) => {
      if (running.has(one)) child.kill(name);
    },
  };
  running.add(one);
  return one;
}

/** The pid in the data folder's own file, which must be the one of the process given. */
export async function killHolder(dataDir: string, holder: Running): Promise<Ended> {
  const pid = Number(await readFile(join(dataDir, 'quorate.pid'), 'utf8'));
  if (pid !== holder.pid) throw new Error(`quorate.pid names ${pid}, not ${holder.pid}`);
  holder.signal('SIGKILL');
  return holder.ended;
}

/** The JSON object on the last line of stdout. */
export function answerOf<T>({ code, stdout, stderr }: Ended): T {
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as T;
  } catch (cause) {
    throw new Error(`no JSON on the last line; exit ${code}: ${stderr.slice(-2000)}`, { cause });
  }
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Lines as they come, and who waits for one. */
class Lines {
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #hasEnded = false;

  add(line: string): void {
    this.#lines.push(line);
    for (const waiter of this.#waiters) if (waiter.pattern.test(line)) waiter.resolve(line);
  }

  end(): void {
    this.#hasEnded = true;
    for (const { pattern, reject } of this.#waiters) reject(this.#missing(pattern, 'it ended'));
  }

  async find(pattern: RegExp): Promise<string> {
    const known = this.#lines.find((line) => pattern.test(line));
    if (known !== undefined) return known;
    if (this.#hasEnded) throw this.#missing(pattern, 'it has ended');
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const waiter: Waiter = { pattern, resolve, reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => reject(this.#missing(pattern, `${lineMs} ms passed`)), lineMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  #missing(pattern: RegExp, why: string): Error {
    const last = this.#lines.slice(-5).join('\n');
    return new Error(`no line matched ${pattern} before ${why}; the last ones:\n${last}`);
  }
}
