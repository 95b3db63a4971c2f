/**
 * What people and machines do wrong to a start: each ends in one clear line and leaves nothing
 * running; and what a stop in order leaves behind.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readAuditLogs } from '#test/support/audit-logs.ts';
import {
  type Ended,
  type ProcessOptions,
  quorate,
  startQuorate,
  temporaryFolder,
} from '#test/support/process.ts';
import { atShortSpeed, writeBareRecording, writeShortRecording } from '#test/support/recording.ts';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeShortRecording(join(folder, 'short'));
});

function up(name: string, ...more: readonly string[]): readonly string[] {
  const place = ['--data-dir', name, '--port', '0'];
  return ['up', '--data', 'short', ...atShortSpeed, ...place, ...more];
}

function run(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  return quorate(args, { cwd: folder, ...options });
}

/** One line on stderr that holds the texts, nothing on stdout. */
function expectOneLine(ended: Ended, code: number, ...texts: readonly string[]): void {
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^quorate: [^\n]+\n$/);
  for (const text of texts) expect(ended.stderr).toContain(text);
}

test.concurrent('a port that is taken is one line', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    expectOneLine(await run([...up('port'), '--port', port]), 1, port);
    expect(await readdir(join(folder, 'port'))).not.toContain('quorate.pid');
  } finally {
    server.close();
  }
});

test.concurrent('a stop in order keeps all; meanwhile a second start is refused', async () => {
  const first = startQuorate(up('held'), { cwd: folder });
  await first.line(/the gateway answers/);
  expectOneLine(await run(up('held')), 1, join(folder, 'held'), `process ${first.pid}`);
  await first.line(/"step":"certificate"/);
  first.signal('SIGTERM');
  const terminated = await first.ended;
  expect(terminated).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(terminated.stdout).toMatch(/kept in held: \d+ certified decisions?, \d+ waiting/);

  const second = startQuorate(up('held', '--json'), { cwd: folder });
  await second.line(/the recording has ended/);
  second.signal('SIGINT');
  const interrupted = await second.ended;
  expect(interrupted).toMatchObject({ code: 130, signal: null });
  expect(interrupted.stderr).toMatch(/kept in held: \d+ certified decisions?, \d+ waiting/);
  expect(JSON.parse(interrupted.stdout)).toMatchObject({ regions: 3 });

  expect(await run(['audit', 'verify', '--data-dir', 'held'])).toMatchObject({ code: 0 });
  for (const { entries } of await readAuditLogs(join(folder, 'held'))) {
    const starts = entries.filter(({ step }) => step === 'region.started');
    expect(starts.map(({ reason }) => reason)).toEqual(['in order', 'in order']);
    expect(entries.filter(({ step }) => step === 'region.stopped')).toHaveLength(2);
  }
}, 60_000);

test.concurrent('an unknown flag and an unknown command are usage errors', async () => {
  expectOneLine(await run(up('x', '--nope')), 2, "'--nope'");
  expectOneLine(await run(['sing']), 2, "'sing'");
});

test.concurrent('a key that configuration does not know is named, and so is its file', async () => {
  await writeFile(join(folder, 'typo.yaml'), 'logLevel: warn\nlimts:\n  pageMax: 3\n');
  expectOneLine(await run(up('x', '--config', 'typo.yaml')), 2, 'limts', 'typo.yaml');
});

test.concurrent('a value that does not fit is named with its variable', async () => {
  const environment = { LOG_LEVEL: 'loud' };
  expectOneLine(await run(up('x'), { environment }), 2, 'logLevel', 'LOG_LEVEL', 'loud');
});

test.concurrent('series that are not there or cannot be read are named', async () => {
  await mkdir(join(folder, 'empty'));
  expectOneLine(await run(up('y', '--data', 'gone')), 2, '--data', 'gone');
  expectOneLine(await run(up('y', '--data', 'empty')), 2, join(folder, 'empty'));

  await writeBareRecording(join(folder, 'broken'), 50);
  const file = join(folder, 'broken', 'occupancy_t4013.csv');
  await writeFile(file, 'timestamp,value\n2015-09-01 11:30:00,13.56\n2015-09-01 11:35:00,many\n');
  expectOneLine(await run(up('y', '--data', 'broken', '--once')), 2, `${file}, line 3`, 'many');
  expect(await readdir(join(folder, 'y'))).toEqual([]);
});

test.concurrent("another region's store in the place of one's own stops the start", async () => {
  const before = startQuorate(up('swapped'), { cwd: folder });
  await before.line(/the gateway answers/);
  before.signal('SIGTERM');
  expect(await before.ended).toMatchObject({ code: 0 });
  const storeOf = (region: string) => join(folder, 'swapped', 'regions', region, 'store');
  await rm(storeOf('us-east'), { recursive: true });
  await cp(storeOf('eu-west'), storeOf('us-east'), { recursive: true });
  expectOneLine(await run(up('swapped')), 1, storeOf('us-east'), 'eu-west');
}, 60_000);

test.concurrent('an old Node is told what to do before anything else is read', async () => {
  const preload =
    'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
  expectOneLine(await run(up('z'), { preload }), 2, 'Node 20.20.2 is too old', 'npm start');
});
