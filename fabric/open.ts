/**
 * The only file that imports real adapters: what a process gives to its regions.
 *
 *   <data folder>/regions/<id>/store/   level store      mock-cluster/   mock driver, unless told
 *   <data folder>/regions/<id>/keys/    keystore
 *
 * The exports below are what regions/ and gateway/ may use of them by name.
 */
import { join } from 'node:path';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { systemClock } from './clock.ts';
import { folderClusterFiles } from './drivers/cluster-files.ts';
import { mockDriver, seedTarget } from './drivers/mock.ts';
import { lastEntryAt } from './host/ledger.ts';
import { openKeystore, rawPrivateKey, regionKeys } from './keys/keystore.ts';
import { nativeMlDsa44Verifier, nativeVerifier } from './keys/verify.ts';
import { openLevelStore } from './level/store.ts';
import type { Libp2pMember } from './libp2p/transport.ts';
import { MemoryNetwork } from './memory/transport.ts';
import { createMetrics, type RenderedMetrics } from './metrics.ts';
import type { NatsAccess, StreamBounds } from './nats/connection.ts';
import type { Nkey } from './nats/nkeys.ts';
import type { Log, Metrics, Ports, Store, Transport } from './ports.ts';
import { systemRandom } from './random.ts';
import type { ReplayPace } from './telemetry/pace.ts';
import { type ReplaySeries, replaySource } from './telemetry/replay.ts';

export { systemClock } from './clock.ts';
export { claimDataFolder, type DataFolderClaim } from './data-folder.ts';
export { makeFolderDurably, syncFolder, writeDurably } from './files.ts';
export { openKeystore, openSigner, regionKeys, signerFromPem } from './keys/keystore.ts';
export { nativeMlDsa44Verifier, nativeVerifier } from './keys/verify.ts';
export { openLevelStore } from './level/store.ts';
export { createLog, type LogLevel } from './log.ts';
export { createMetrics, type RenderedMetrics } from './metrics.ts';
export { type NatsServer, type NatsServerOptions, natsServerConfig } from './nats/server-config.ts';
export { systemRandom } from './random.ts';
export { ReplayPace } from './telemetry/pace.ts';
export type { ReplaySeries } from './telemetry/replay.ts';
export { readSeries, type SeriesRow } from './telemetry/series.ts';

/** What a region reaches the others by. */
export type Fabric =
  | { readonly kind: 'given'; readonly transport: Transport }
  | {
      readonly kind: 'nats';
      readonly access: NatsAccess;
      /** Null: documents are not kept for members that are away. */
      readonly history: StreamBounds | null;
    }
  | {
      readonly kind: 'libp2p';
      readonly listen: readonly string[];
      readonly announce: readonly string[];
      /** Those of the epoch in force. */
      members(): readonly Libp2pMember[];
    };

export interface RegionPortsOptions {
  readonly dataDir: string;
  /** In the data folder when left out. */
  readonly clusterDir?: string;
  readonly federation: string;
  readonly region: string;
  /** All regions that a target can be active in. */
  readonly regions: readonly string[];
  readonly fabric: Fabric;
  /** Whether missing keys are made; otherwise they stop the start. */
  readonly createKeys: boolean;
  readonly log: Log;
  readonly metricsPrefix: string;
  readonly replay: { readonly series: readonly ReplaySeries[]; readonly pace: ReplayPace };
  readonly fatal: (error: unknown) => void;
}

export interface OpenedPorts extends Ports {
  readonly metrics: RenderedMetrics;
}

/** Opens what one region needs. */
export async function openPorts(options: RegionPortsOptions): Promise<OpenedPorts> {
  const { dataDir, federation, region, regions, metricsPrefix, replay } = options;
  const folder = join(dataDir, 'regions', region);
  const keysFolder = join(folder, 'keys');
  const keys = await openKeystore(keysFolder, regionKeys, { create: options.createKeys });
  const store = await openLevelStore({
    folder: join(folder, 'store'),
    identity: { federation, region },
  });
  const log = options.log.child({ region });
  const metrics = createMetrics({ prefix: metricsPrefix, labels: { region } });
  const clusterDir = options.clusterDir ?? clusterFolder(dataDir);
  return {
    clock: systemClock,
    random: systemRandom,
    store,
    transport: await openTransport(options, { keysFolder, store, log, metrics }),
    signer: keys.signer,
    logSigner: keys.logSigner,
    verifier: nativeVerifier(),
    mlDsa44Verifier: nativeMlDsa44Verifier(),
    telemetry: replaySource(replay),
    driver: mockDriver(folderClusterFiles(clusterDir), { regions }),
    log,
    metrics,
    fatal: options.fatal,
  };
}

interface TransportParts {
  readonly keysFolder: string;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Networks are loaded where they are used: most commands start without any. */
async function openTransport(
  { fabric, federation, region: self }: RegionPortsOptions,
  { keysFolder, store, log, metrics }: TransportParts,
): Promise<Transport> {
  const common = { federation, self, clock: systemClock, log, metrics };
  switch (fabric.kind) {
    case 'given':
      return fabric.transport;
    case 'nats': {
      // A region that holds nothing yet fetches what there is from the others.
      const { natsTransport } = await import('./nats/transport.ts');
      const since = (await lastEntryAt(store)) ?? systemClock.now();
      return natsTransport({ ...common, ...fabric, since: () => since });
    }
    case 'libp2p': {
      const { libp2pTransport } = await import('./libp2p/transport.ts');
      const privateKey = await rawPrivateKey(join(keysFolder, `${regionKeys.signer}.pem`));
      return libp2pTransport({ ...common, ...listening(fabric), privateKey });
    }
  }
}

/** A new user of NATS servers. */
export async function newNkey(): Promise<Nkey> {
  const { makeNkey } = await import('./nats/nkeys.ts');
  return makeNkey();
}

function listening({ listen, announce, members }: Extract<Fabric, { kind: 'libp2p' }>) {
  return { listen, members, ...(announce.length > 0 && { announce }) };
}

/** The network of a federation that lives in one process. */
export function embeddedNetwork(log: Log): MemoryNetwork {
  return new MemoryNetwork({
    clock: systemClock,
    onDrop: (reason, from, to) => log.debug({ reason, from, to }, 'message dropped'),
  });
}

/** Creates the targets that the mock cluster of a folder does not have yet. */
export async function seedMockCluster(
  clusterDir: string,
  states: readonly TargetState[],
): Promise<void> {
  const files = folderClusterFiles(clusterDir);
  for (const state of states) await seedTarget(files, state);
}

/** Where the mock cluster of a data folder lies unless told. */
export function clusterFolder(dataDir: string): string {
  return join(dataDir, 'mock-cluster');
}
