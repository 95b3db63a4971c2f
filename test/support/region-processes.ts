/**
 * A federation of real processes on loopback: laid out by `quorate init-federation`, one
 * `quorate region` each, and a NATS server where the fabric asks for one.
 */
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { readFederationFile } from '#regions/federation-file.ts';
import { killServer, startServer } from './nats.ts';
import {
  answerOf,
  type Ended,
  quorate,
  type Running,
  startQuorate,
  temporaryFolder,
} from './process.ts';

export interface Readiness {
  readonly status: string;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly reason: string;
  }[];
}

export interface RegionProcesses {
  readonly folder: string;
  readonly regions: readonly string[];
  /** Starts a region and waits for its gateway. */
  start(region: string): Promise<void>;
  kill(region: string): Promise<void>;
  /** Ends it in order; how it ended. */
  stop(region: string): Promise<Ended>;
  /** A command of one region: its configuration is added. */
  command(region: string, ...args: readonly string[]): Promise<Ended>;
  readiness(region: string): Promise<Readiness>;
  decisions(region: string): Promise<readonly ProposalWire[]>;
  close(): Promise<void>;
}

/** Two ports a region, and three for the server. */
const portsOf = (regions: number) => 2 * regions + 3;

export async function startRegions(
  fabric: 'nats' | 'libp2p',
  regions: readonly string[] = ['eu', 'us', 'ap'],
): Promise<RegionProcesses> {
  const folder = await layOut(fabric, regions);
  const { regions: places, servers } = await readFederationFile(folder);
  const running = new Map<string, Running>();
  const portOf = (region: string) => places.find(({ id }) => id === region)?.port ?? 0;
  const flag = (region: string) => ['--config', join(folder, region, 'config.yaml')];
  const command = (region: string, ...args: readonly string[]) =>
    quorate([...args, ...flag(region)]);
  const end = async (region: string, signal: NodeJS.Signals) => {
    const one = running.get(region);
    if (!one) throw new Error(`${region} does not run`);
    running.delete(region);
    one.signal(signal);
    return one.ended;
  };
  const start = async (region: string) => {
    const one = startQuorate(['region', ...flag(region)]);
    running.set(region, one);
    await one.line(/the gateway answers at/);
  };
  const nats: ChildProcess[] = [];
  for (const { name, port } of servers) {
    nats.push(await startServer(join(folder, 'nats', `${name}.conf`), port));
  }
  await Promise.all(regions.map(start));
  return {
    folder,
    regions,
    start,
    kill: async (region) => void (await end(region, 'SIGKILL')),
    stop: (region) => end(region, 'SIGTERM'),
    command,
    readiness: async (region) => {
      const response = await fetch(`http://127.0.0.1:${portOf(region)}/readyz`);
      return (await response.json()) as Readiness;
    },
    decisions: async (region) =>
      answerOf<{ items: ProposalWire[] }>(await command(region, 'decisions', '--json')).items,
    close: async () => {
      for (const region of [...running.keys()]) await end(region, 'SIGKILL');
      await Promise.all(nats.map(killServer));
    },
  };
}

async function layOut(fabric: string, regions: readonly string[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'fed');
  const firstPort = String(await freeRange(portsOf(regions.length)));
  const layout = ['--regions', regions.join(','), '--fabric', fabric, '--nats-servers', '1'];
  const made = await quorate(['init-federation', folder, ...layout, '--first-port', firstPort]);
  if (made.code !== 0) throw new Error(made.stderr);
  return folder;
}

/** The first of so many free ports in a row, below those that the system gives out by itself. */
async function freeRange(count: number): Promise<number> {
  const lowest = 20_000;
  const span = 10_000;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = lowest + ((process.pid * 31 + attempt * 97) % span);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every((one) => one)) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
