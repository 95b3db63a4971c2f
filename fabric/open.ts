/**
 * The only file that imports real adapters: what a process gives to its regions.
 *
 *   <data folder>/regions/<id>/store/   level store      mock-cluster/   mock driver
 *   <data folder>/regions/<id>/keys/    keystore
 *
 * The exports below are what regions/ and gateway/ may use of them by name.
 */
import { join } from 'node:path';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { systemClock } from './clock.ts';
import { folderClusterFiles } from './drivers/cluster-files.ts';
import { mockDriver, seedTarget } from './drivers/mock.ts';
import { openKeystore, regionKeys } from './keys/keystore.ts';
import { nativeMlDsa44Verifier, nativeVerifier } from './keys/verify.ts';
import { openLevelStore } from './level/store.ts';
import { MemoryNetwork } from './memory/transport.ts';
import { createMetrics, type RenderedMetrics } from './metrics.ts';
import type { Log, Ports, Transport } from './ports.ts';
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
export { systemRandom } from './random.ts';
export { ReplayPace } from './telemetry/pace.ts';
export type { ReplaySeries } from './telemetry/replay.ts';
export { readSeries, type SeriesRow } from './telemetry/series.ts';

export interface RegionPortsOptions {
  readonly dataDir: string;
  readonly federation: string;
  readonly region: string;
  /** All regions that a target can be active in. */
  readonly regions: readonly string[];
  readonly transport: Transport;
  readonly log: Log;
  readonly metricsPrefix: string;
  readonly replay: { readonly series: readonly ReplaySeries[]; readonly pace: ReplayPace };
  readonly fatal: (error: unknown) => void;
}

export interface OpenedPorts extends Ports {
  readonly metrics: RenderedMetrics;
}

/** Opens what one region needs. The keys are made when they are missing. */
export async function openPorts(options: RegionPortsOptions): Promise<OpenedPorts> {
  const { dataDir, federation, region, regions, transport, metricsPrefix, replay } = options;
  const folder = join(dataDir, 'regions', region);
  const keys = await openKeystore(join(folder, 'keys'), regionKeys, { create: true });
  const store = await openLevelStore({
    folder: join(folder, 'store'),
    identity: { federation, region },
  });
  return {
    clock: systemClock,
    random: systemRandom,
    store,
    transport,
    signer: keys.signer,
    logSigner: keys.logSigner,
    verifier: nativeVerifier(),
    mlDsa44Verifier: nativeMlDsa44Verifier(),
    telemetry: replaySource(replay),
    driver: mockDriver(folderClusterFiles(clusterFolder(dataDir)), { regions }),
    log: options.log.child({ region }),
    metrics: createMetrics({ prefix: metricsPrefix, labels: { region } }),
    fatal: options.fatal,
  };
}

/** The network of a federation that lives in one process. */
export function embeddedNetwork(log: Log): MemoryNetwork {
  return new MemoryNetwork({
    clock: systemClock,
    onDrop: (reason, from, to) => log.debug({ reason, from, to }, 'message dropped'),
  });
}

/** Creates the targets that the mock cluster does not have yet. */
export async function seedMockCluster(
  dataDir: string,
  states: readonly TargetState[],
): Promise<void> {
  const files = folderClusterFiles(clusterFolder(dataDir));
  for (const state of states) await seedTarget(files, state);
}

function clusterFolder(dataDir: string): string {
  return join(dataDir, 'mock-cluster');
}
