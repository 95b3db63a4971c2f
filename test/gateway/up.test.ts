/**
 * `quorate up` as a process: its signals, its data folder, its story.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const launcher = new URL('../../gateway/quorate.js', import.meta.url).pathname;
let dataDir: string;
let children: ChildProcess[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-up-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves once stdout holds the text. */
  said(text: string): Promise<void>;
}

function quorate(...args: string[]): Running {
  const child = spawn(process.execPath, [launcher, ...args, '--data-dir', dataDir]);
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const said = (text: string) =>
    expect.poll(() => stdout, { timeout: 15_000 }).toContain(text) as unknown as Promise<void>;
  return { child, ended, said };
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 0],
] as const)('%s drains, says what was kept, and exits with %i', async (signal, code) => {
  const up = quorate('up', '--port', '0');
  await up.said('"step":"signal"');
  up.child.kill(signal);
  const ended = await up.ended;
  expect(ended.stderr).toBe('');
  expect(ended.code).toBe(code);
  const lines = ended.stdout.trimEnd().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('text');
  expect(lines.at(-1)).toContain('kept in');
  expect(existsSync(join(dataDir, 'quorate.pid'))).toBe(false);

  const audit = await quorate('audit', 'verify', '--json').ended;
  expect(audit.code).toBe(0);
  expect(JSON.parse(audit.stdout).logs).toHaveLength(3);
  expect(existsSync(join(dataDir, 'login'))).toBe(false);
});

test('a second start says what it goes on from, and where', async () => {
  const first = quorate('up', '--port', '0');
  await first.said('"step":"gate"');
  first.child.kill('SIGTERM');
  await first.ended;
  const second = quorate('up', '--port', '0');
  await second.said('Going on from');
  second.child.kill('SIGTERM');
  const { stdout } = await second.ended;
  const line = stdout.split('\n').find((one) => one.includes('Going on from')) ?? '';
  const resumed = JSON.parse(line) as { text: string; waiting: string[]; replayFrom: number };
  expect(resumed.text).toMatch(/: [1-9]\d* certified decisions? .* waiting for a person; the/);
  expect(resumed.text).toMatch(/; the recording goes on at \d+ Jan \d\d:\d\d\.$/);
  expect(resumed.waiting.length).toBeGreaterThanOrEqual(1);
  expect(resumed.replayFrom).toBeGreaterThan(Date.parse('2026-01-05'));
});

test('a second process on the same folder is one line and exit 1', async () => {
  const up = quorate('up', '--port', '0');
  await up.said('the gateway answers at');
  const second = await quorate('up', '--port', '0').ended;
  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toMatch(/^quorate: the data folder [^\n]+ is in use by process [^\n]+\n$/);
});

test('a port that is taken is one line and exit 1, and the folder is free again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const up = await quorate('up', '--port', String(port)).ended;
  server.close();
  expect(up).toMatchObject({ code: 1 });
  expect(up.stderr).toMatch(new RegExp(`^quorate: port ${port} [^\\n]+ is taken[^\\n]*\\n$`));
  expect(existsSync(join(dataDir, 'quorate.pid'))).toBe(false);
});
