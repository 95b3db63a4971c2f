/**
 * The first minute: the story on a terminal, the link into the console, and the commands that a
 * newcomer tries next, against one running demo.
 */
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { commandLine } from '#test/support/command-line.ts';
import { answerOf, quorate, startQuorate, temporaryFolder } from '#test/support/process.ts';
import { atShortSpeed, writeShortRecording } from '#test/support/recording.ts';
import { needs } from '#test/support/require.ts';
import { root } from '#test/support/source-files.ts';

const launcher = join(root, 'gateway', 'quorate.js');
const codePattern = /#login=(\S+)$/;

let folder: string;
let url: string;
/** A decision that waits. */
let waiting: string;
/** Runs one command in the folder. */
let here: ReturnType<typeof commandLine>;

beforeAll(async () => {
  folder = await temporaryFolder();
  here = commandLine(folder);
  await writeShortRecording(join(folder, 'short'));
  const place = ['--data-dir', 'var', '--port', '0'];
  const running = startQuorate(['up', '--data', 'short', ...atShortSpeed, ...place], {
    cwd: folder,
  });
  const line = await running.line(/"login_file"/);
  ({ url } = JSON.parse(line) as { url: string });
  await running.line(/the recording has ended/);
  const command = await running.line(/"command":"npx quorate approve/);
  waiting = (JSON.parse(command) as { proposalId: string }).proposalId;
}, 60_000);

async function login(link: string) {
  const code = codePattern.exec(link.trim())?.[1];
  expect(link.startsWith(`${url}/#login=`)).toBe(true);
  const response = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ code }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test.concurrent('a link lets one person into the console, once', async () => {
  const file = join(folder, 'var', 'login');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const link = await readFile(file, 'utf8');
  expect(await login(link)).toMatchObject({
    status: 201,
    body: { subject: 'alice', tenants: ['acme', 'globex'], roles: ['approver', 'org-admin'] },
  });
  expect(await login(link)).toMatchObject({ status: 401 });

  const made = answerOf<Record<string, unknown>>(
    await here('login', '--as', 'bob', '--tenant', 'acme', '--ttl', '60', '--json'),
  );
  expect(made).toMatchObject({ subject: 'bob', tenants: ['acme'], roles: ['approver'] });
  expect(await readFile(file, 'utf8')).toBe(`${made.link}\n`);
  const entered = await login(String(made.link));
  expect(entered).toMatchObject({ status: 201, body: { subject: 'bob', tenants: ['acme'] } });
  expect(await login(String(made.link))).toMatchObject({ status: 401 });

  const stranger = answerOf(await here('login', '--as', 'mallory', '--json'));
  expect(stranger).toMatchObject({ subject: 'mallory', roles: ['viewer'] });
  const foreign = await here('login', '--tenant', 'initech');
  expect(foreign).toMatchObject({ code: 2, stdout: '' });
  expect(foreign.stderr).toMatch(/^quorate: --tenant: expected acme or globex[^\n]*\n$/);

  const plain = await here('login');
  expect(plain).toMatchObject({ code: 0 });
  expect(plain.stdout.trimEnd()).toMatch(codePattern);
  expect(plain.stdout.trimEnd().split('\n')).toHaveLength(1);
});

test.concurrent('every command answers with one JSON object on the last line', async () => {
  const commands = [
    ['decisions'],
    ['decisions', waiting.slice(0, 12)],
    ['federation'],
    ['audit', 'verify'],
    ['keys', 'show'],
    ['token', '--tenant', 'acme'],
    ['config', 'print'],
    ['config', 'env-example'],
  ];
  const ended = await Promise.all(commands.map((args) => here(...args, '--json')));
  for (const [index, one] of ended.entries()) {
    expect({ command: commands[index], code: one.code }).toMatchObject({ code: 0 });
    expect(answerOf(one)).toBeTypeOf('object');
    expect(one.stdout.trimEnd().split('\n')).toHaveLength(1);
  }
});

test.concurrent('the exit code says what kind of end it was', async () => {
  const token = (await here('token', '--tenant', 'acme', '--roles', 'viewer')).stdout.trim();
  const damaged = join(folder, 'damaged.json');
  const receipts = answerOf<{ items: { proposal_id: string; status: string }[] }>(
    await here('decisions', '--status', 'enacted', '--json'),
  );
  const id = receipts.items[0]?.proposal_id ?? '';
  const receipt = await readFile(join(folder, 'var', 'receipts', `${id}.json`), 'utf8');
  await writeFile(damaged, receipt.replace('"enacted"', '"enacteD"'));
  const propose = ['propose', 'acme/catalog', 'scale', 'replicas=5'];
  const table: readonly (readonly [number, readonly string[]])[] = [
    [0, ['decisions']],
    [0, []],
    [0, ['approve', '--help']],
    [1, ['decisions', 'ffffffffffff']],
    [2, ['decisions', 'not-an-id']],
    [2, ['decisions', '--status', 'nonsense']],
    [2, ['propose', 'acme/catalog', 'scale', 'five']],
    [2, ['token', '--tenant', 'acme', '--ttl', '0']],
    [3, [...propose, '--token', token]],
    [4, ['login', '--data-dir', 'elsewhere']],
    [4, ['decisions', '--url', 'http://127.0.0.1:9']],
    [5, ['verify', damaged]],
  ];
  const ended = await Promise.all(table.map(([, args]) => here(...args)));
  for (const [index, [code, args]] of table.entries()) {
    expect({ args, code: ended[index]?.code }).toEqual({ args, code });
  }
});

test.concurrent('a proposal is followed from the command line until it waits', async () => {
  const args = ['propose', 'globex/search', 'scale', 'replicas=5', '--reason', 'a busy day'];
  const ended = await here(...args, '--as', 'carol', '--wait', '--json');
  expect(ended).toMatchObject({ code: 0 });
  expect(answerOf(ended)).toMatchObject({
    target: 'globex/search',
    status: 'pending-approval',
    manifest: { submittedBy: 'carol', action: { kind: 'scale', replicas: 5 } },
  });
  expect(ended.stderr).toMatch(/accepts: /);
}, 40_000);

const inBash = needs('bash');

/** What bash would offer for a line, with its cursor at the end. */
function complete(script: string, words: readonly string[]): Promise<readonly string[]> {
  const [quoted, last] = [words.map((word) => `'${word}'`).join(' '), words.length - 1];
  const program = [
    `source '${script}'; source '${script}'`,
    `COMP_WORDS=(${quoted}); COMP_CWORD=${last}`,
    '__quorate_complete 2>/dev/null',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  return new Promise((resolve, reject) => {
    execFile('bash', ['--norc', '-c', program], { cwd: folder }, (error, stdout, stderr) => {
      if (error || stderr !== '') reject(error ?? new Error(stderr));
      else resolve(stdout.split('\n').filter(Boolean));
    });
  });
}

inBash(
  'bash completes commands, values, names and the decisions that wait',
  async () => {
    const script = join(folder, 'completion.bash');
    const made = await quorate(['completion', 'bash', '--json'], { cwd: folder });
    await writeFile(script, answerOf<{ script: string }>(made).script);
    const ids = await complete(script, ['quorate', 'approve', waiting.slice(0, 4)]);
    const [commands, statuses, people, tenants, files] = await Promise.all([
      complete(script, ['quorate', 'de']),
      complete(script, ['quorate', 'decisions', '--status', 'pend']),
      complete(script, ['quorate', 'approve', '--as', '']),
      complete(script, ['quorate', 'decisions', '--tenant', 'g']),
      complete(script, ['quorate', 'verify', 'da']),
    ]);
    expect(commands).toEqual(['decisions', 'deny']);
    expect(statuses).toEqual(['pending-approval']);
    expect(people).toEqual(['alice', 'bob']);
    expect(tenants).toEqual(['globex']);
    expect(ids).toContain(waiting.slice(0, 12));
    // Nothing of ours: bash offers its own files.
    expect(files).toEqual([]);
  },
  40_000,
);

const onTerminal = needs('script');

interface Shown {
  readonly code: number;
  readonly text: string;
}

/** Runs a command on a terminal of a width. */
function onPty(columns: number, environment: Readonly<Record<string, string>>): Promise<Shown> {
  const series = `--data short ${atShortSpeed.join(' ')}`;
  const up = `'${process.execPath}' '${launcher}' up --once ${series} --data-dir pty --port 0`;
  const args = ['-qefc', `stty cols ${columns}; ${up} --fresh`, '/dev/null'];
  const env = { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', ...environment };
  return new Promise((resolve) => {
    const child = execFile('script', args, { cwd: folder, env }, (error, stdout) => {
      resolve({ code: error ? Number(error.code) : 0, text: stdout.replaceAll('\r\n', '\n') });
    });
    child.stdin?.end();
  });
}

onTerminal(
  'on a terminal the story is prose that fits, with a link and commands to copy',
  async () => {
    const [plain, dumb] = [await onPty(72, { NO_COLOR: '1' }), await onPty(72, { TERM: 'dumb' })];
    expect(plain.code).toBe(0);
    const [, ...sequences] = plain.text.split('\u001B');
    // No colour: nothing but taking away the line that is rewritten in place.
    expect(sequences.filter((one) => !one.startsWith('[2K'))).toEqual([]);
    expect(dumb.text).not.toContain('\u001B');
    const lines = dumb.text.split('\n');
    const isLong = (line: string) => line.length > 72 && !/#login=|npx quorate/.test(line);
    expect(lines.filter(isLong)).toEqual([]);
    for (const text of [plain.text, dumb.text]) {
      expect(text).toMatch(/ +Console +http:\/\/127\.0\.0\.1:\d+\n/);
      expect(text).toMatch(/\nhttp:\/\/127\.0\.0\.1:\d+\/#login=\S+\n/);
      expect(text).toMatch(/6 Jan \d\d:\d\d {2}globex\/payments\n/);
      expect(text).toMatch(
        /Waits for a person: .*\n[\s\S]*npx quorate approve [0-9a-f]{12} --as alice/,
      );
      expect(text).toContain('The recording has ended.');
      expect(text).toContain('These wait for a person:');
    }
  },
  60_000,
);
