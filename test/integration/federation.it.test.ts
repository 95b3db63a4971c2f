/**
 * Three regions as processes of their own, over NATS and over libp2p: what one gateway is asked,
 * all decide; what is killed comes back and lacks nothing.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { appliedEnactments } from '#test/support/audit-logs.ts';
import { answerOf, type Ended } from '#test/support/process.ts';
import { type RegionProcesses, startRegions } from '#test/support/region-processes.ts';
import { needs } from '#test/support/require.ts';

const pollMs = 200;
/** What the specification allows for catching up. */
/** A loaded machine takes its time; how long it took is printed and decides nothing. */
const patienceMs = 60_000;
/** A region that is gone is noticed after some lost hellos. */
const noticeMs = 10_000;
const undecidedMs = 3000;

let fed: RegionProcesses | null = null;
afterEach(async () => {
  await fed?.close();
  fed = null;
});

const fine = (ended: Ended) => {
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
};

async function within<T>(ms: number, look: () => Promise<T>, good: (seen: T) => boolean) {
  const until = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${JSON.stringify(seen)}`);
    await pause(pollMs);
  }
}

async function propose(at: string, target: string, replicas: number): Promise<string> {
  const words = ['propose', target, 'scale', `replicas=${replicas}`, '--json'];
  const ended = fine(await (fed as RegionProcesses).command(at, ...words));
  return answerOf<{ proposal_id: string }>(ended).proposal_id;
}

/** Waits until a region shows the decision in that state, and gives what was certified. */
async function reaches(region: string, id: string, status: string, ms = patienceMs) {
  const { decisions } = fed as RegionProcesses;
  const found = async () =>
    (await decisions(region)).find(({ proposal_id: proposalId }) => proposalId === id);
  const seen = await within(ms, found, (decision) => decision?.status === status);
  return seen?.digest;
}

function approve(at: string, id: string): Promise<Ended> {
  const { folder, command } = fed as RegionProcesses;
  const key = join(folder, 'approvers', 'alice.pem');
  return command(at, 'approve', id, '--as', 'alice', '--key', key);
}

async function reason(region: string, check: string): Promise<string> {
  const { checks } = await (fed as RegionProcesses).readiness(region);
  return checks.find(({ name }) => name === check)?.reason ?? '';
}

/** Every region's log holds, and so does every receipt that it kept. */
async function everythingVerifies({ regions, command, folder }: RegionProcesses) {
  for (const region of regions) fine(await command(region, 'audit', 'verify'));
  const enacted = (await appliedEnactments(folder)).map(({ enactmentId }) => enactmentId);
  expect(new Set(enacted).size).toBe(enacted.length);
  return enacted.sort();
}

/** What a federation of processes promises, from its first decision to its last. */
async function keepsItsPromises(fabric: 'nats' | 'libp2p'): Promise<void> {
  fed = await startRegions(fabric);
  const { regions, kill, start } = fed;
  await within(
    noticeMs,
    () => reason('eu', 'quorum'),
    (text) => text.includes('3 reachable'),
  );
  const first = await propose('eu', 'acme/checkout', 5);
  const digests = [];
  for (const region of regions) digests.push(await reaches(region, first, 'pending-approval'));
  expect(new Set(digests).size).toBe(1);
  fine(await approve('us', first));
  for (const region of regions) await reaches(region, first, 'enacted');

  await kill('us');
  const [homeless, second] = await withoutOne();
  await kill('eu');
  const third = await withoutTwo();

  const back = Date.now();
  await Promise.all([start('us'), start('eu')]);
  // Its executor is there again.
  for (const region of regions) await reaches(region, homeless, 'pending-approval');
  for (const region of regions) await reaches(region, third, 'pending-approval');
  for (const id of [first, second]) await reaches('us', id, 'enacted');
  process.stdout.write(`both caught up ${Date.now() - back} ms after their start\n`);

  fine(await approve('eu', third));
  for (const region of regions) await reaches(region, third, 'enacted');
  const enacted = [first, second, third].sort();
  expect(await everythingVerifies(fed)).toEqual(enacted);
  await endsInOrder(fed, [first, third]);
  expect(await everythingVerifies(fed)).toEqual(enacted);
}

/** Two of three: decisions are certified, and enacted where their executor is one of the two. */
async function withoutOne(): Promise<readonly [homeless: string, enacted: string]> {
  const homeless = await propose('ap', 'acme/catalog', 6);
  for (const region of ['eu', 'ap']) await reaches(region, homeless, 'certified');
  const id = await propose('eu', 'globex/checkout', 6);
  for (const region of ['eu', 'ap']) await reaches(region, id, 'pending-approval');
  fine(await approve('eu', id));
  for (const region of ['eu', 'ap']) await reaches(region, id, 'enacted');
  return [homeless, id];
}

/** One of three: it says why nothing is decided, and decides nothing. */
async function withoutTwo(): Promise<string> {
  const alone = '2 of 3 needed, 1 reachable';
  await within(
    noticeMs,
    () => reason('ap', 'quorum'),
    (text) => text === alone,
  );
  expect((await (fed as RegionProcesses).readiness('ap')).status).toBe('not-ready');
  const id = await propose('ap', 'globex/catalog', 7);
  await pause(undecidedMs);
  await reaches('ap', id, 'negotiating');
  return id;
}

/** What the executor kept holds for everybody who has the trust root. */
async function endsInOrder({ regions, stop, command, folder }: RegionProcesses, ids: string[]) {
  for (const region of regions) fine(await stop(region));
  for (const id of ids) {
    const receipt = join(folder, 'eu', 'data', 'receipts', `${id}.json`);
    fine(await command('us', 'verify', receipt));
  }
}

needs('nats-server')(
  'three regions over NATS decide together, outlive each other, and catch up',
  () => keepsItsPromises('nats'),
  120_000,
);

test(
  'three regions over libp2p decide together, outlive each other, and catch up',
  () => keepsItsPromises('libp2p'),
  120_000,
);
