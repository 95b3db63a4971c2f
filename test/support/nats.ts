/**
 * Real NATS servers for tests: Debian's nats-server on free loopback ports, with the permissions
 * that our own configuration gives out. Only processes started here are signalled.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { type NatsServer, natsServerConfig } from '#fabric/nats/server-config.ts';
import { required } from '#protocols/assert.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';
import { pathOf } from '#test/support/programs.ts';

export interface NatsOptions {
  readonly federation: string;
  readonly servers?: number;
  /** The regions of each tenant group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export interface NatsCluster {
  readonly urls: readonly string[];
  /** The seed file of a region's user, by `group/region`. */
  seedFile(group: string, region: string): string;
  /** Ends one server at once, as a crash does. */
  kill(index: number): Promise<void>;
  start(index: number): Promise<void>;
  close(): Promise<void>;
}

export async function startNats(options: NatsOptions): Promise<NatsCluster> {
  const { federation } = options;
  const folder = mkdtempSync(join(tmpdir(), 'quorate-nats-'));
  const servers = await Promise.all(Array.from({ length: options.servers ?? 1 }, placeServer));
  const seedFile = (group: string, region: string) => join(folder, `${group}-${region}.nk`);
  const groups = makeUsers(options.groups, seedFile);
  const running = new Map<number, ChildProcess>();
  const start = async (index: number) => {
    const server = required(servers[index], `there is a server ${index}`);
    const file = join(folder, `${server.name}.conf`);
    const storeDir = join(folder, server.name);
    const shared = { federation, cluster: 'test', servers, groups, tls: null };
    const secrets = { routePassword: 'for-this-test', payloadBytesMax: messageBytesMax + 4096 };
    writeFileSync(file, natsServerConfig({ ...shared, ...secrets, storeDir }, server));
    running.set(index, await startServer(file, server.port));
  };
  const kill = async (index: number) => {
    const child = running.get(index);
    running.delete(index);
    if (child) await killServer(child);
  };
  await Promise.all(servers.keys().map(start));
  return {
    urls: servers.map(({ host, port }) => `nats://${host}:${port}`),
    seedFile,
    kill,
    start,
    close: async () => {
      await Promise.all(servers.keys().map(kill));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function placeServer(_none: unknown, index: number): Promise<NatsServer> {
  const [port = 0, clusterPort = 0, monitorPort = 0] = await freePorts(3);
  return { name: `n${index}`, host: '127.0.0.1', port, clusterPort, monitorPort };
}

function makeUsers(
  groups: NatsOptions['groups'],
  seedFile: (group: string, region: string) => string,
) {
  return Object.entries(groups).map(([name, regions]) => ({
    name,
    regions: regions.map((id) => {
      const user = createUser();
      writeFileSync(seedFile(name, id), user.getSeed(), { mode: 0o600 });
      return { id, nkey: user.getPublicKey() };
    }),
  }));
}

/** Starts one server and waits until it answers. */
export async function startServer(file: string, port: number): Promise<ChildProcess> {
  const program = required(pathOf('nats-server'), 'tests that need it ask first');
  const child = spawn(program, ['-c', file], { stdio: 'ignore' });
  await reachable(port);
  return child;
}

/** As a crash does. */
export async function killServer(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

export async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer();
      await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
      return probe;
    }),
  );
  const ports = probes.map((probe) => (probe.address() as { port: number }).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

async function reachable(port: number): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}
