/**
 * One flipped byte in the files of a region's store: the start refuses and names the file, or
 * nothing is missing.
 *
 * What is flipped lies in a folder that was left in order, or in one whose process was killed.
 */
import { randomInt } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Seed } from '#sim/seed.ts';
import { type AuditLog, readAuditLog } from '#test/support/audit-logs.ts';
import { killHolder, quorate, startQuorate, temporaryFolder } from '#test/support/process.ts';
import { atShortSpeed, writeShortRecording } from '#test/support/recording.ts';
import { isThorough, thorough } from '#test/support/require.ts';

const region = 'us-east';
/** LevelDB's own diary and lock hold no data, and nothing reads them. */
const dataFile = /^(?:CURRENT|SEAL|MANIFEST-\d+|\d+\.(?:log|ldb))$/;
const flipsAFile = isThorough ? 10 : 1;

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeShortRecording(join(folder, 'short'));
  const killed = startQuorate(up('killed'));
  await killed.line(/"step":"certificate"/);
  await killHolder(join(folder, 'killed'), killed);
  await cp(join(folder, 'killed'), join(folder, 'orderly'), { recursive: true });
  const orderly = startQuorate(up('orderly'));
  await orderly.line(/"step":"(?:signal|outcome)"/);
  orderly.signal('SIGTERM');
  expect(await orderly.ended).toMatchObject({ code: 0 });
}, 60_000);

function up(name: string): readonly string[] {
  const series = ['--data', join(folder, 'short'), ...atShortSpeed];
  return ['up', '--json', ...series, '--data-dir', join(folder, name), '--port', '0'];
}

interface Flip {
  /** The data folder it is made in, a copy of `from`. */
  readonly name: string;
  readonly from: string;
  readonly file: string;
  readonly at: number;
}

async function flip(from: string, file: string, random: Seed): Promise<Flip> {
  const name = `${from}-${file}-${random.uint32().toString(16)}`;
  await cp(join(folder, from), join(folder, name), { recursive: true });
  const path = storeOf(name, file);
  const bytes = await readFile(path);
  const at = random.integer(0, bytes.length - 1);
  bytes.writeUInt8(bytes.readUInt8(at) ^ random.integer(1, 255), at);
  await writeFile(path, bytes);
  return { name, from, file, at };
}

function storeOf(name: string, file = ''): string {
  return join(folder, name, 'regions', region, 'store', file);
}

/** Starts on the damaged folder; an empty list when all is as it must be. */
async function complaintsAbout({ name, file, at }: Flip, before: AuditLog): Promise<string[]> {
  const where = `${name}, byte ${at} of ${file}`;
  const { code, stdout, stderr } = await quorate([...up(name), '--once']);
  if (code === 1) {
    const isOneLine = /^quorate: [^\n]+\n$/.test(stderr) && stdout === '';
    const isNamed = stderr.includes(storeOf(name, file));
    return isOneLine && isNamed ? [] : [`${where}: refused, but says: ${stderr}`];
  }
  if (code !== 0) return [`${where}: exit ${code}: ${stderr.slice(-500)}`];
  const audit = await quorate(['audit', 'verify', '--data-dir', join(folder, name)]);
  if (audit.code !== 0) return [`${where}: started, but: ${audit.stdout}`];
  const after = await readAuditLog(join(folder, name), region);
  const isWhole =
    after.size >= before.size && after.rootAt(before.size) === before.rootAt(before.size);
  return isWhole ? [] : [`${where}: started, and something is missing`];
}

async function flipEach(from: string): Promise<{ complaints: string[]; seed: number }> {
  const seed = randomInt(2 ** 31);
  const random = new Seed(seed).fork(from);
  const before = await readAuditLog(join(folder, from), region);
  const files = (await readdir(storeOf(from))).filter((name) => dataFile.test(name));
  expect(files.length).toBeGreaterThanOrEqual(3);
  const complaints: string[] = [];
  for (const file of files) {
    for (let count = 0; count < flipsAFile; count += 1) {
      complaints.push(...(await complaintsAbout(await flip(from, file, random), before)));
    }
  }
  return { complaints, seed };
}

test.concurrent('after a stop in order a flipped byte stops the start', async () => {
  const { complaints, seed } = await flipEach('orderly');
  expect(complaints, `seed ${seed}`).toEqual([]);
}, 120_000);

test.concurrent('after a kill a flipped byte stops the start, or nothing is missing', async () => {
  const { complaints, seed } = await flipEach('killed');
  expect(complaints, `seed ${seed}`).toEqual([]);
}, 240_000);

thorough('the run behind it takes a while')(
  'a flipped byte in a file that holds no data changes nothing',
  async () => {
    const before = await readAuditLog(join(folder, 'orderly'), region);
    const damaged = await flip('orderly', 'LOG', new Seed(randomInt(2 ** 31)));
    expect(await complaintsAbout(damaged, before)).toEqual([]);
  },
  60_000,
);
