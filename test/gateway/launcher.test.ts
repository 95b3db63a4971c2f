import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const launcher = new URL('../../gateway/quorate.js', import.meta.url).pathname;
const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));
const oldVersion = oldNode ? await versionOf(oldNode) : null;
const isOld = oldVersion !== null && Number(oldVersion.split('.')[0]) < 24;

async function versionOf(node: string): Promise<string> {
  const { stdout } = await promisify(execFile)(node, ['-p', 'process.versions.node']);
  return stdout.trim();
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runLauncher(node: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(node, [launcher, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test.skipIf(!isOld)('an old Node is told in one line what to do, and exits with 2', async () => {
  const { code, stdout, stderr } = await runLauncher(oldNode ?? '', 'up');
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toContain(`Node ${oldVersion} is too old`);
  expect(stderr).toContain('npm start');
});

test('a Node that is new enough runs the command', async () => {
  const { code, stdout } = await runLauncher(process.execPath, '--version');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  [['nonsense'], "unknown command 'nonsense'"],
  [['up', '--nope'], "unknown option '--nope'"],
  [['up', '--port', 'abc'], 'port: expected an integer from 0 to 65535'],
  [['up', '--speed', 'fast'], '--speed'],
  [['up', '--data', '/does/not/exist'], '--data'],
  [['verify', 'x', '--trust-root', '/does/not/exist'], '/does/not/exist'],
])('%o is a usage error of one line', async (args, text) => {
  const { code, stdout, stderr } = await runLauncher(process.execPath, ...args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^quorate: [^\n]+\n$/);
  expect(stderr).toContain(text);
});
