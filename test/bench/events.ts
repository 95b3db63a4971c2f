/**
 * How many decisions a second a federation certifies while clients watch its log, against nobody
 * watching: the same process, in turns, so that whatever else the machine does hits both.
 *
 * Each target has one decision under way at any time. Every client must get every entry of its
 * tenant exactly once and in order; otherwise there is no result.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { RegionNode } from '#regions/node.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';
import type { Order, Report } from './event-clients.ts';

export interface EventsOptions {
  readonly clients: number;
  readonly targets: number;
  readonly rounds: number;
  readonly roundMs: number;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the regions' thread for each decision. */
  readonly cpuMs: number;
}

export interface EventsResult {
  readonly clients: number;
  readonly decisionsPerSecond: { readonly alone: number; readonly watched: number };
  /** Watched to alone: 1 is no difference. */
  readonly ratio: number;
  /** Of the thread that decides and serves; steadier than a rate on a busy machine. */
  readonly cpuMsPerDecision: { readonly alone: number; readonly watched: number };
  /** Entries that each client got. */
  readonly entriesPerClient: number;
}

/** So many targets that deciding, and not waiting, is what takes the time. */
export const usualEvents: EventsOptions = { clients: 200, targets: 128, rounds: 3, roundMs: 5000 };

const quietMs = 500;
const tenant = 'acme';
const regions = ['eu-west', 'us-east', 'ap-south'];

export async function measureEvents(options: EventsOptions): Promise<EventsResult> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
  await writeTargets(join(folder, 'many'), options.targets);
  const demo = await startDemo({}, { datasetDir: join(folder, 'many') });
  const clients = new Worker(new URL('./event-clients.ts', import.meta.url));
  try {
    await demo.federation.settled();
    return await measure(demo, clients, options);
  } finally {
    await clients.terminate();
    await demo.close();
    await rm(folder, { recursive: true });
  }
}

async function measure(demo: Demo, worker: Worker, options: EventsOptions): Promise<EventsResult> {
  const load = new Load(demo.region, options.targets);
  const alone: Round[] = [];
  const watched: Round[] = [];
  let entriesPerClient = 0;
  await load.run(options.roundMs / 4); // warms up
  for (let round = 0; round < options.rounds; round += 1) {
    alone.push(await load.run(options.roundMs));
    const from = await quietHead(demo);
    await tell(worker, await connectOrder(demo, options.clients));
    watched.push(await load.run(options.roundMs));
    await quietHead(demo);
    entriesPerClient += await checkClients(demo, worker, from);
    await tell(worker, { type: 'disconnect' });
  }
  const medians = (of: keyof Round) => ({
    alone: median(alone.map((round) => round[of])),
    watched: median(watched.map((round) => round[of])),
  });
  const decisionsPerSecond = medians('perSecond');
  return {
    clients: options.clients,
    decisionsPerSecond,
    ratio: Math.round((decisionsPerSecond.watched / decisionsPerSecond.alone) * 1000) / 1000,
    cpuMsPerDecision: medians('cpuMs'),
    entriesPerClient,
  };
}

/** The log's size once nothing that was begun adds to it any more. */
async function quietHead({ region, federation }: Demo): Promise<number> {
  await federation.settled();
  for (let size = -1; ; ) {
    const now = region.auditHead().size;
    if (now === size) return size;
    size = now;
    await pause(quietMs);
  }
}

/** As many callers as it takes for each to stay within its bound. */
async function connectOrder(demo: Demo, clients: number): Promise<Order> {
  const each = demo.config.limits.eventStreamsPerSubjectMax;
  const tokens = Array.from({ length: clients }, (_, index) =>
    demo.token(tenant, `watcher-${Math.floor(index / each)}`, ['viewer']),
  );
  return { type: 'connect', url: `${demo.gateway.url}/events`, tokens: await Promise.all(tokens) };
}

async function checkClients(demo: Demo, worker: Worker, from: number): Promise<number> {
  const expected: number[] = [];
  for (let at = from; at < demo.region.auditHead().size; ) {
    const page = await demo.region.entries(tenant, at, 1000);
    expected.push(...page.items.map(({ seq }) => seq));
    at = page.next;
  }
  const report = await tell<Report>(worker, { type: 'report', last: expected.at(-1) ?? -1 });
  for (const seqs of report) {
    const at = seqs.findIndex((seq, index) => seq !== expected[index]);
    if (at >= 0 || seqs.length !== expected.length) {
      const where = `${seqs.length} of ${expected.length} entries, wrong from ${at} (${seqs[at]})`;
      throw new Error(`a client did not get every entry once, in order: ${where}`);
    }
  }
  return expected.length;
}

async function tell<T>(worker: Worker, order: Order): Promise<T> {
  const answered = once(worker, 'message');
  worker.postMessage(order);
  const [answer] = (await answered) as [T];
  return answer;
}

/** Keeps one decision under way on every target. */
class Load {
  readonly #region: RegionNode;
  readonly #targets: readonly string[];
  readonly #waiting = new Map<string, () => void>();
  #certified = 0;

  constructor(region: RegionNode, targets: number) {
    this.#region = region;
    this.#targets = Array.from({ length: targets }, (_, index) => `${tenant}/s${index}`);
    region.subscribe(({ entry }) => {
      if (entry.step !== 'certificate') return;
      this.#certified += 1;
      this.#waiting.get(entry.target ?? '')?.();
    });
  }

  /** Resolves when nothing is under way any more; what ends after the time does not count. */
  async run(ms: number): Promise<Round> {
    const begun = this.#certified;
    const cpu = process.threadCpuUsage();
    const window = { isOpen: true };
    const driving = this.#targets.map((target) => this.#drive(target, window));
    await pause(ms);
    const { user, system } = process.threadCpuUsage(cpu);
    const decisions = this.#certified - begun;
    window.isOpen = false;
    await Promise.all(driving);
    return { perSecond: (decisions * 1000) / ms, cpuMs: (user + system) / 1000 / decisions };
  }

  async #drive(target: string, window: { readonly isOpen: boolean }): Promise<void> {
    for (let count = 0; window.isOpen; count += 1) {
      const certified = new Promise<void>((resolve) => this.#waiting.set(target, resolve));
      const action = { kind: 'scale', replicas: 2 + (count % 7) } as const;
      await this.#region.submit({ subject: 'op', tenant, roles: ['operator'] }, { target, action });
      await certified;
    }
  }
}

/** Series without an anomaly: nothing is decided but what the load asks for. */
async function writeTargets(folder: string, targets: number): Promise<void> {
  const rows = Array.from({ length: 4 }, (_, index) => `2026-01-05 00:0${index}:00,10`);
  for (const name of ['acme', 'globex']) {
    for (let index = 0; index < (name === tenant ? targets : 1); index += 1) {
      const place = join(folder, name, `s${index}`);
      await mkdir(place, { recursive: true });
      for (const region of regions) {
        await writeFile(join(place, `${region}.csv`), ['timestamp,value', ...rows, ''].join('\n'));
      }
    }
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return Math.round((low + high) * 5) / 10;
}
