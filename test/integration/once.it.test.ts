/**
 * The main job, end to end, in a process of its own: from recorded telemetry to receipts that
 * verify offline.
 */
import { randomInt } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { UpSummary } from '#regions/federation-types.ts';
import { Seed } from '#sim/seed.ts';
import { answerOf, type Ended, quorate, temporaryFolder } from '#test/support/process.ts';
import { atShortSpeed, writeBareRecording, writeShortRecording } from '#test/support/recording.ts';
import { thorough } from '#test/support/require.ts';

const counts = [
  'aborted',
  'candidates',
  'certificates',
  'counterProposals',
  'enacted',
  'pendingApprovals',
  'rolledBack',
  'signals',
] as const;
const keys = [
  ...counts,
  'auditHeads',
  'firstDecisionMs',
  'receipts',
  'regions',
  'tenants',
  'thisRun',
].sort();
const damagedCopies = 20;
/** Ends the process where it would reach for the network, with a code of nobody else's. */
const noNetwork = [
  'import net from "node:net"; import dns from "node:dns"; import dgram from "node:dgram";',
  'const refuse = () => process.exit(99);',
  'net.Socket.prototype.connect = refuse; dns.lookup = refuse; dgram.createSocket = refuse;',
].join('');

let folder: string;
let dataDir: string;
let first: Ended;
let bare: Ended;
let summary: UpSummary;

beforeAll(async () => {
  folder = await temporaryFolder();
  dataDir = join(folder, 'var');
  await writeShortRecording(join(folder, 'short'));
  await writeBareRecording(join(folder, 'bare'), 400);
  [first, bare] = await Promise.all([once('short', 'var'), once('bare', 'other')]);
  summary = answerOf<UpSummary>(first);
}, 60_000);

function once(data: string | null, name: string): Promise<Ended> {
  const series = data === null ? [] : ['--data', data, ...atShortSpeed];
  const place = ['--data-dir', name, '--port', '0'];
  return quorate(['up', '--once', '--json', ...series, ...place], { cwd: folder });
}

function countsOf(from: UpSummary | UpSummary['thisRun']): readonly number[] {
  return counts.map((name) => from[name]);
}

test.concurrent('a run ends with one object on stdout, and all else is on stderr', () => {
  expect(first.code).toBe(0);
  expect(first.stdout.split('\n')).toHaveLength(2);
  expect(Object.keys(summary).sort()).toEqual(keys);
  expect(Object.keys(summary.thisRun).sort()).toEqual([...counts]);
  expect(first.stderr).toContain('the recording has ended');
});

test.concurrent('two days of the demo are enough for every kind of decision', () => {
  expect(summary).toMatchObject({ regions: 3, tenants: 2, rolledBack: 0 });
  expect(summary.certificates).toBeGreaterThanOrEqual(2);
  expect(summary.counterProposals + summary.aborted).toBeGreaterThanOrEqual(1);
  expect(summary.enacted).toBeGreaterThanOrEqual(1);
  expect(summary.pendingApprovals).toBeGreaterThanOrEqual(1);
  expect(summary.firstDecisionMs).toBeGreaterThan(0);
  expect(countsOf(summary.thisRun)).toEqual(countsOf(summary));
  for (const head of Object.values(summary.auditHeads)) {
    expect(head.size).toBeGreaterThan(0);
    expect(head.root).toMatch(/^[0-9a-f]{64}$/);
  }
});

test.concurrent('every receipt of a run verifies', async () => {
  expect(summary.receipts.length).toBeGreaterThanOrEqual(summary.enacted);
  const receipts = [...summary.receipts];
  const { code, stderr } = await quorate(['verify', ...receipts], { cwd: folder });
  expect({ code, stderr }).toMatchObject({ code: 0 });
});

test.concurrent('a receipt and a trust root verify without any network', async () => {
  const alone = await temporaryFolder();
  await cp(join(folder, summary.receipts[0] ?? ''), join(alone, 'receipt.json'));
  await cp(join(dataDir, 'trust-root.json'), join(alone, 'root.json'));
  const args = ['verify', 'receipt.json', '--trust-root', 'root.json', '--json'];
  const ended = await quorate(args, { cwd: alone, preload: noNetwork });
  expect(ended.code).toBe(0);
  expect(answerOf(ended)).toMatchObject({ ok: true, kind: 'receipt' });
});

test.concurrent('a receipt with one byte changed fails, and a field is named', async () => {
  const seed = randomInt(2 ** 31);
  const random = new Seed(seed);
  const damaged = join(folder, 'damaged');
  await mkdir(damaged);
  const original = await readFile(join(folder, summary.receipts[0] ?? ''));
  const files = Array.from({ length: damagedCopies }, async (_, index) => {
    const bytes = Buffer.from(original);
    const at = random.integer(0, bytes.length - 1);
    bytes.writeUInt8(bytes.readUInt8(at) ^ random.integer(1, 255), at);
    const file = join(damaged, `${index}-byte-${at}.json`);
    await writeFile(file, bytes);
    return file;
  });
  const ended = await quorate(['verify', '--json', ...(await Promise.all(files))], { cwd: folder });
  expect(ended.code, `seed ${seed}`).toBe(5);
  const { results } = answerOf<{ results: { file: string; ok: boolean; field: string }[] }>(ended);
  expect(results).toHaveLength(damagedCopies);
  const unnoticed = results.filter(({ ok, field }) => ok || !field);
  expect(unnoticed, `seed ${seed}`).toEqual([]);
});

test.concurrent('without a trust root nothing is verified', async () => {
  const receipt = join(folder, summary.receipts[0] ?? '');
  const { code, stdout, stderr } = await quorate(['verify', receipt, '--data-dir', 'nowhere']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^quorate: there is no trust root at [^\n]*\n$/);
});

test.concurrent('a second run goes on from the first, which has left nothing to do', async () => {
  await cp(dataDir, join(folder, 'second'), { recursive: true });
  const second = answerOf<UpSummary>(await once('short', 'second'));
  expect(countsOf(second)).toEqual(countsOf(summary));
  expect(countsOf(second.thisRun)).toEqual(counts.map(() => 0));
});

test.concurrent('a bare folder of other series ends cleanly and with another outcome', () => {
  const other = answerOf<UpSummary>(bare);
  expect(bare.code).toBe(0);
  expect(other).toMatchObject({ regions: 3, tenants: 1 });
  expect(other.signals).toBeGreaterThan(0);
  expect(countsOf(other)).not.toEqual(countsOf(summary));
});

thorough('the whole recording takes half a minute')(
  'the demo shows everything in under 90 seconds and its first decision in under 5',
  async () => {
    const begun = Date.now();
    const ended = await once(null, 'demo');
    const seconds = (Date.now() - begun) / 1000;
    const demo = answerOf<UpSummary>(ended);
    expect(ended.code).toBe(0);
    expect(seconds).toBeLessThan(90);
    expect(demo.regions).toBe(3);
    expect(demo.certificates).toBeGreaterThanOrEqual(3);
    expect(demo.counterProposals + demo.aborted).toBeGreaterThanOrEqual(1);
    expect(demo.enacted).toBeGreaterThanOrEqual(1);
    expect(demo.pendingApprovals).toBeGreaterThanOrEqual(1);
    expect(demo.firstDecisionMs).toBeLessThan(5000);
    const receipts = await readdir(join(folder, 'demo', 'receipts'));
    const files = receipts.map((name) => join(folder, 'demo', 'receipts', name));
    const verified = await quorate(['verify', ...files, '--data-dir', 'demo'], { cwd: folder });
    expect(verified).toMatchObject({ code: 0 });
    const again = answerOf<UpSummary>(await once(null, 'demo'));
    expect(countsOf(again)).toEqual(countsOf(demo));
    expect(countsOf(again.thisRun)).toEqual(counts.map(() => 0));
  },
  180_000,
);
