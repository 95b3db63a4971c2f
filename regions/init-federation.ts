/**
 * Lays out a new federation in a folder: everything its regions, people and servers start with.
 *
 *   trust-root.json  genesis.json       the epoch, and what its digests name
 *   approvers/<name>.pem                people's keys: take them away from here
 *   federation.json                     how it is laid out, without secrets
 *   nats/<server>.conf, routes          server configurations, the password between servers
 *   <region>/config.yaml                what `quorate region` reads
 *   <region>/secrets/nats.nk            the seed of its NATS user
 *   <region>/data/regions/<region>/keys
 *
 * Everything secret is a file that its owner alone can read.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  type NatsServer,
  nativeVerifier,
  newNkey,
  openKeystore,
  regionKeys,
  systemClock,
  systemRandom,
  writeDurably,
} from '#fabric/open.ts';
import { toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { trustRootBytes, trustRootOf } from '#protocols/epochs/trust.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import { configError } from './config-checks.ts';
import { loadDataset } from './dataset.ts';
import {
  type FederationFile,
  federationFileName,
  natsConfigs,
  type RegionPlace,
  routesFileName,
} from './federation-file.ts';
import { type FoundingDocuments, makeFounding, tenantsOf } from './founding.ts';
import type { Founder, GenesisOptions } from './genesis.ts';
import { trustRootPath } from './offline.ts';

export interface InitOptions {
  readonly folder: string;
  readonly federation: string;
  readonly faultModel: FaultModel;
  readonly regions: readonly string[];
  readonly tenants: readonly string[];
  readonly services: readonly string[];
  /** A folder of recorded series: its tenants and services instead, and every region replays it. */
  readonly replay: string | null;
  readonly fabric: 'nats' | 'libp2p';
  /** By region; null: all on this machine, on ports of their own. */
  readonly hosts: ReadonlyMap<string, string> | null;
  readonly firstPort: number;
  readonly natsServers: number;
}

export async function initFederation(options: InitOptions): Promise<FederationFile> {
  const { folder, federation, fabric, faultModel } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw configError(folder, 'expected an empty folder: nothing is ever overwritten');
  }
  const founding = await foundingOf(options);
  await writeDurably(join(folder, 'genesis.json'), canonicalBytes(founding));
  const regions: FederationFile['regions'] = [];
  for (const [index, id] of options.regions.entries()) {
    const nkey = fabric === 'nats' ? await keepNkey(join(folder, id, 'secrets')) : null;
    regions.push({ ...placeOf(options, index), id, ...(nkey !== null && { nkey }) });
  }
  const servers = fabric === 'nats' ? serversOf(options) : [];
  const file: FederationFile = { federation, faultModel, fabric, regions, servers };
  await writeDurably(join(folder, federationFileName), `${JSON.stringify(file, null, 2)}\n`);
  if (fabric === 'nats') await writeNats(folder, file);
  for (const place of regions) await writeRegion(options, { file, place, founding });
  return file;
}

async function foundingOf(options: InitOptions): Promise<FoundingDocuments> {
  const { folder, federation, faultModel, regions } = options;
  const founders: Founder[] = [];
  for (const id of regions) {
    const keys = join(folder, id, 'data', 'regions', id, 'keys');
    founders.push({ id, ...(await openKeystore(keys, regionKeys, { create: true })) });
  }
  return makeFounding({
    federation,
    faultModel,
    founders,
    tenants: targetsFor(options),
    folder,
    verifier: nativeVerifier(),
    random: systemRandom,
    now: systemClock.now(),
  });
}

/** Every tenant has every service; homes go to the regions in turn. */
function targetsFor({
  tenants,
  services,
  regions,
  replay,
}: InitOptions): GenesisOptions['tenants'] {
  if (replay === null) {
    const { length } = services;
    return tenants.map((id, tenant) => ({
      id,
      targets: services.map((service, index) => ({
        target: `${id}/${service}`,
        home: regions[(tenant * length + index) % regions.length] ?? '',
      })),
    }));
  }
  const recorded = tenantsOf(loadDataset(replay, { regions, tenants }));
  const stray = recorded
    .flatMap(({ targets }) => targets)
    .find(({ home }) => !regions.includes(home));
  if (!stray) return recorded;
  throw configError('--replay', `${stray.target} is at home in ${stray.home}, which is no region`);
}

/** Gateways, then libp2p, then three ports for each NATS server; on hosts the usual ones. */
function placeOf({ hosts, firstPort, regions }: InitOptions, index: number) {
  const host = hosts?.get(regions[index] ?? '');
  return host === undefined
    ? { host: '127.0.0.1', port: firstPort + index, peerPort: firstPort + regions.length + index }
    : { host, port: 8080, peerPort: 4001 };
}

function serversOf(options: InitOptions): NatsServer[] {
  const { hosts, firstPort, regions, natsServers } = options;
  return regions.slice(0, natsServers).map((region, index) => {
    const name = `nats-${index + 1}`;
    const host = hosts?.get(region);
    if (host !== undefined) {
      return { name, host, port: 4222, clusterPort: 6222, monitorPort: 8222 };
    }
    const port = firstPort + 2 * regions.length + 3 * index;
    return { name, host: '127.0.0.1', port, clusterPort: port + 1, monitorPort: port + 2 };
  });
}

async function keepNkey(secrets: string): Promise<string> {
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  const { seed, publicKey } = await newNkey();
  await writeDurably(join(secrets, 'nats.nk'), `${seed}\n`, 0o600);
  return publicKey;
}

async function writeNats(folder: string, file: FederationFile): Promise<void> {
  const nats = join(folder, 'nats');
  await mkdir(nats, { recursive: true, mode: 0o700 });
  await writeDurably(join(folder, routesFileName), toHex(systemRandom.bytes(16)), 0o600);
  for (const [name, text] of await natsConfigs(folder, file)) {
    await writeDurably(join(nats, `${name}.conf`), text, 0o600);
  }
}

interface RegionParts {
  readonly file: FederationFile;
  readonly place: RegionPlace;
  readonly founding: FoundingDocuments;
}

async function writeRegion(options: InitOptions, parts: RegionParts): Promise<void> {
  const { folder } = options;
  const { place, founding } = parts;
  const own = join(folder, place.id);
  const data = join(own, 'data');
  await writeDurably(join(data, 'genesis.json'), canonicalBytes(founding));
  await writeDurably(trustRootPath(data), trustRootBytes(trustRootOf(founding.genesis.epoch)));
  const text = stringify(configOf(options, parts));
  const notice = '# Made by quorate init-federation. Paths are relative to this file.\n';
  await writeDurably(join(own, 'config.yaml'), notice + text);
}

function configOf({ hosts, replay, federation }: InitOptions, { file, place }: RegionParts) {
  const isLoopback = hosts === null;
  return {
    federation,
    region: place.id,
    // On a host of its own a region has its gateway behind that host's name or a proxy.
    host: isLoopback ? '127.0.0.1' : '0.0.0.0',
    port: place.port,
    dataDir: './data',
    ...(isLoopback && { mockCluster: '../mock-cluster' }),
    ...(replay !== null && { telemetry: { replay } }),
    fabric: file.fabric === 'nats' ? natsOf(file) : libp2pOf(file, place, isLoopback),
  };
}

function natsOf({ servers }: FederationFile) {
  return {
    kind: 'nats',
    nats: {
      servers: servers.map(({ host, port }) => `nats://${host}:${port}`),
      nkeySeedFile: './secrets/nats.nk',
      historyReplicas: servers.length >= 3 ? 3 : 1,
    },
  };
}

function libp2pOf({ regions }: FederationFile, place: RegionPlace, isLoopback: boolean) {
  const others = regions.filter(({ id }) => id !== place.id);
  return {
    kind: 'libp2p',
    libp2p: {
      listen: [`/ip4/${isLoopback ? '127.0.0.1' : '0.0.0.0'}/tcp/${place.peerPort}`],
      ...(!isLoopback && { announce: [addressOf(place)] }),
      peers: others.map((other) => `${other.id}=${addressOf(other)}`),
    },
  };
}

function addressOf({ host, peerPort }: RegionPlace): string {
  const kind = /^\d+(?:\.\d+){3}$/.test(host) ? 'ip4' : host.includes(':') ? 'ip6' : 'dns4';
  return `/${kind}/${host}/tcp/${peerPort}`;
}
