/**
 * One region as a process of its own: the same region as in the embedded federation, over a
 * network.
 *
 *   <data folder>/trust-root.json, genesis.json    which federation the folder belongs to
 *   <data folder>/regions/<id>/{keys,store}        of this region alone
 *   <data folder>/receipts/<decision>.json
 *
 * What founded the federation is a file that every region has; the keys must be those that its
 * epoch names, and are never made here.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  claimDataFolder,
  clusterFolder,
  type DataFolderClaim,
  type Fabric,
  nativeVerifier,
  type OpenedPorts,
  openPorts,
  ReplayPace,
  type ReplaySeries,
  seedMockCluster,
  systemClock,
  writeDurably,
} from '#fabric/open.ts';
import type { Log } from '#fabric/ports.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { type TrustRoot, trustRootBytes, trustRootOf } from '#protocols/epochs/trust.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Epoch, Member } from '#protocols/messages/epoch.ts';
import type { Config } from './config.ts';
import { configError } from './config-checks.ts';
import { loadDataset, stateAtStart } from './dataset.ts';
import { stopProcess } from './ending.ts';
import type { Federation } from './federation-types.ts';
import { type FoundingDocuments, readFounding } from './founding.ts';
import { openPlaybooks } from './genesis.ts';
import { limitsOf } from './limits.ts';
import { readTrustRoot, trustRootPath } from './offline.ts';
import { ReceiptFiles } from './receipt-files.ts';
import { seriesOf, targetsOf, usualSpeed } from './recording.ts';
import { RegionCore } from './region.ts';
import { regionNode } from './region-node.ts';

/** What a gateway needs of a federation, given by one of its regions. */
export type RegionProcess = Pick<
  Federation,
  'regions' | 'trustRoot' | 'dataDir' | 'metrics' | 'metricsText' | 'close'
>;

interface Founded extends FoundingDocuments {
  readonly self: Member;
  readonly trustRoot: TrustRoot;
}

export async function openRegion(config: Config, log: Log): Promise<RegionProcess> {
  const region = regionOf(config);
  const claim = await claimDataFolder(config.dataDir);
  try {
    const founded = await foundingOf(config, region);
    const series = await seriesFor(config, founded, region);
    return await start({ config, log, claim, founded, series });
  } catch (error) {
    await claim.release();
    throw error;
  }
}

function regionOf({ region, fabric }: Config): string {
  if (region === undefined) throw configError('region', 'expected the name of a region');
  if (fabric.kind !== 'memory') return region;
  throw configError('fabric.kind', 'expected nats or libp2p: memory is for one process alone');
}

async function foundingOf(config: Config, region: string): Promise<Founded> {
  const { dataDir, federation } = config;
  const own = join(dataDir, 'genesis.json');
  const founding = await readFounding(config.genesis ?? own, nativeVerifier());
  const { epoch } = founding.genesis;
  if (epoch.federation !== federation) {
    throw configError('federation', `expected ${epoch.federation}, as the genesis says`);
  }
  const self = epoch.members.find(({ id }) => id === region);
  if (!self) {
    const names = epoch.members.map(({ id }) => id).join(', ');
    throw configError('region', `expected a member of the epoch: ${names}`);
  }
  const trustRoot = await keepTrustRoot(dataDir, epoch);
  if (!existsSync(own)) await writeDurably(own, canonicalBytes(founding));
  return { ...founding, self, trustRoot };
}

/** A data folder belongs to one federation for ever. */
async function keepTrustRoot(dataDir: string, epoch: Epoch): Promise<TrustRoot> {
  const path = trustRootPath(dataDir);
  const root = trustRootOf(epoch);
  if (!existsSync(path)) await writeDurably(path, trustRootBytes(root));
  const known = await readTrustRoot(path);
  if (known.fingerprint === root.fingerprint) return known;
  throw new QuorateError('config', 'this data folder belongs to another federation', {
    field: path,
  });
}

async function seriesFor(
  { telemetry }: Config,
  { genesis: { policy, epoch } }: Founded,
  region: string,
): Promise<readonly ReplaySeries[]> {
  if (telemetry.replay === undefined) return [];
  const dataset = loadDataset(telemetry.replay, {
    regions: epoch.members.map(({ id }) => id),
    tenants: policy.tenants.map(({ id }) => id),
  });
  const known = new Set(policy.tenants.flatMap(({ targets }) => targets.map((row) => row.target)));
  const foreign = targetsOf(dataset).find(({ target }) => !known.has(target));
  if (!foreign) return seriesOf(dataset, region);
  throw configError('telemetry.replay', `${foreign.target} is no target of this federation`);
}

interface StartOptions {
  readonly config: Config;
  readonly log: Log;
  readonly claim: DataFolderClaim;
  readonly founded: Founded;
  readonly series: readonly ReplaySeries[];
}

async function start(options: StartOptions): Promise<RegionProcess> {
  const { log, claim, founded } = options;
  const { genesis, trustRoot, self } = founded;
  let core: RegionCore | null = null;
  const ports = await portsOf(options, {
    // Until the journal is read, the one that founded the federation counts.
    epoch: () => core?.context.constitution.epoch ?? genesis.epoch,
    hold: () => core !== null && (core.host.openCount() > 0 || core.host.standing().asking),
  });
  try {
    refuseForeignKeys(ports, self);
    const opened = await openCore(options, ports);
    core = opened;
    await opened.start();
    opened.telemetry.start();
    return {
      regions: [regionNode(opened)],
      trustRoot,
      dataDir: claim.folder,
      metrics: ports.metrics,
      metricsText: () => ports.metrics.render(),
      close: async () => {
        await opened.close();
        await claim.release();
      },
    };
  } catch (error) {
    // The store stays as it is: closing it in order would say that all of it was looked at.
    await ports.transport.close();
    log.error({ region: self.id }, 'the region could not be started');
    throw error;
  }
}

async function portsOf(
  { config, log, claim, founded, series }: StartOptions,
  { epoch, hold }: { readonly epoch: () => Epoch; readonly hold: () => boolean },
): Promise<OpenedPorts> {
  const { members } = founded.genesis.epoch;
  const { mockCluster: clusterDir = clusterFolder(claim.folder) } = config;
  const targets = founded.genesis.policy.tenants.flatMap((tenant) => tenant.targets);
  await seedMockCluster(
    clusterDir,
    targets.map(({ target, home }) => stateAtStart(target, home)),
  );
  const pace = new ReplayPace({
    clock: systemClock,
    speed: usualSpeed(series),
    hold,
  });
  return openPorts({
    dataDir: claim.folder,
    clusterDir,
    federation: config.federation,
    region: founded.self.id,
    regions: members.map(({ id }) => id),
    fabric: fabricOf(config, epoch),
    createKeys: false,
    log,
    metricsPrefix: config.metricsPrefix,
    replay: { series, pace },
    fatal: (error) => stopProcess(error, log),
  });
}

function fabricOf({ fabric: { kind, nats, libp2p } }: Config, epoch: () => Epoch): Fabric {
  if (kind === 'libp2p') {
    const { listen, announce, peers } = libp2p;
    const members = () =>
      epoch().members.map(({ id, publicKey }) => ({
        id,
        publicKey,
        addresses: peers.flatMap((peer) =>
          peer.startsWith(`${id}=`) ? [peer.slice(id.length + 1)] : [],
        ),
      }));
    return { kind, listen, announce, members };
  }
  const { servers, nkeySeedFile, caFile, certFile, keyFile } = nats;
  const tls = {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
  return {
    kind: 'nats',
    access: {
      servers,
      ...(nkeySeedFile !== undefined && { nkeySeedFile }),
      ...(Object.keys(tls).length > 0 && { tls }),
    },
    history: {
      bytesMax: nats.historyBytesMax,
      ageMaxMs: nats.historySeconds * 1000,
      replicas: nats.historyReplicas,
    },
  };
}

function refuseForeignKeys({ signer, logSigner }: OpenedPorts, self: Member): void {
  const isOwn =
    signer.publicKey === self.publicKey &&
    logSigner.publicKey === self.logKey &&
    logSigner.publicKeyMlDsa44 === self.logKeyMlDsa44;
  if (isOwn) return;
  throw configError('dataDir', `its keys are not those that the epoch names for ${self.id}`);
}

async function openCore(
  { config, claim, founded }: StartOptions,
  ports: OpenedPorts,
): Promise<RegionCore> {
  const { genesis, playbooks, self } = founded;
  const receipts = await ReceiptFiles.open(claim.folder);
  return RegionCore.open({
    id: self.id,
    federation: config.federation,
    mode: config.mode,
    genesis,
    playbooks: openPlaybooks(playbooks, genesis.roster, ports.verifier),
    ports,
    limits: limitsOf(config),
    onReceipt: (decisionId, bytes) => receipts.keep(decisionId, bytes),
    hasReceipt: (decisionId) => receipts.has(decisionId),
  });
}
