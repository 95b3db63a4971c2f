/**
 * The embedded federation: several regions in one process, each with its own store, keys and
 * telemetry, over an in-process network.
 *
 *   <data folder>/trust-root.json          the epoch that everything verifies against
 *   <data folder>/genesis.json             what that epoch names, the signed playbooks, and which
 *                                          series the folder belongs to
 *   <data folder>/approvers/<id>.pem       the demo's approvers
 *   <data folder>/receipts/<decision>.json
 */
import { readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  claimDataFolder,
  clusterFolder,
  type DataFolderClaim,
  embeddedNetwork,
  type OpenedPorts,
  openPorts,
  type RenderedMetrics,
  ReplayPace,
  seedMockCluster,
  systemClock,
} from '#fabric/open.ts';
import { assert } from '#protocols/assert.ts';
import type { TrustRoot } from '#protocols/epochs/trust.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import { union } from './counts.ts';
import { type Dataset, loadDataset } from './dataset.ts';
import { stopProcess, until } from './ending.ts';
import type { Federation, FederationOptions, UpSummary } from './federation-types.ts';
import { type Founding, found } from './founding.ts';
import { freshSalt, openPlaybooks } from './genesis.ts';
import { limitsOf } from './limits.ts';
import type { RegionNode } from './node.ts';
import { readTrustRoot, trustRootPath } from './offline.ts';
import { ReceiptFiles } from './receipt-files.ts';
import { endOf, seriesOf, targetsOf, usualSpeed } from './recording.ts';
import { RegionCore } from './region.ts';
import { regionNode } from './region-node.ts';

/** Where the shipped recording lies. */
const demoFolder = join(import.meta.dirname, '..', 'sim', 'datasets', 'demo');

export async function openFederation(options: FederationOptions): Promise<Federation> {
  const { config } = options;
  const claim = await claimDataFolder(config.dataDir);
  try {
    if (options.fresh) await emptyFolder(claim.folder);
    return await EmbeddedFederation.open(options, claim);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

class EmbeddedFederation implements Federation {
  readonly regions: RegionNode[] = [];
  readonly trustRoot: TrustRoot;
  readonly metrics: RenderedMetrics;
  readonly dataDir: string;
  readonly #cores: RegionCore[];
  readonly #ports: readonly OpenedPorts[];
  readonly #claim: DataFolderClaim;
  readonly #receipts: ReceiptFiles;
  readonly #tenants: number;
  /** By region, the event time of the last row of its series. */
  readonly #ends: ReadonlyMap<string, number>;
  #firstDecisionMs: number | null = null;
  #isClosed = false;

  static async open(options: FederationOptions, claim: DataFolderClaim): Promise<Federation> {
    const { config, log } = options;
    const dataset = loadDataset(options.datasetDir ?? demoFolder, {
      regions: config.regions,
      tenants: ['acme', 'globex'],
    });
    const series = await Promise.all(config.regions.map((region) => seriesOf(dataset, region)));
    const network = embeddedNetwork(log);
    const cores: RegionCore[] = [];
    const pace = new ReplayPace({
      clock: systemClock,
      speed: options.speed ?? usualSpeed(series.flat()),
      hold: () => cores.some(({ host }) => host.openCount() > 0 || host.standing().asking),
    });
    const ports: OpenedPorts[] = [];
    for (const [index, region] of config.regions.entries()) {
      ports.push(
        await openPorts({
          dataDir: claim.folder,
          federation: config.federation,
          region,
          regions: config.regions,
          fabric: { kind: 'given', transport: network.connect(region) },
          createKeys: true,
          log,
          metricsPrefix: config.metricsPrefix,
          replay: { series: series[index] ?? [], pace },
          fatal: (error) => stopProcess(error, log),
        }),
      );
    }
    const founding = await found({ config, dataset, ports, folder: claim.folder });
    await seedMockCluster(clusterFolder(claim.folder), targetsOf(dataset));
    const trustRoot = await readTrustRoot(trustRootPath(claim.folder));
    const ends = new Map(config.regions.map((region, at) => [region, endOf(series[at] ?? [])]));
    const receipts = await ReceiptFiles.open(claim.folder);
    const opened = { claim, ports, cores, trustRoot, dataset, ends, receipts };
    const federation = new EmbeddedFederation(opened);
    await federation.#openRegions(options, founding);
    return federation;
  }

  private constructor(opened: {
    readonly claim: DataFolderClaim;
    readonly ports: readonly OpenedPorts[];
    /** Filled as the regions open. */
    readonly cores: RegionCore[];
    readonly trustRoot: TrustRoot;
    readonly dataset: Dataset;
    readonly ends: ReadonlyMap<string, number>;
    readonly receipts: ReceiptFiles;
  }) {
    const [first] = opened.ports;
    assert(first !== undefined, 'a federation has a region');
    this.#claim = opened.claim;
    this.#ports = opened.ports;
    this.metrics = first.metrics;
    this.trustRoot = opened.trustRoot;
    this.dataDir = opened.claim.folder;
    this.#tenants = opened.dataset.tenants.length;
    this.#cores = opened.cores;
    this.#ends = opened.ends;
    this.#receipts = opened.receipts;
  }

  async #openRegions(options: FederationOptions, founding: Founding): Promise<void> {
    const { config, onNarration } = options;
    const { genesis } = founding;
    for (const ports of this.#ports) {
      const core = await RegionCore.open({
        id: ports.transport.self,
        federation: config.federation,
        mode: config.mode,
        genesis,
        playbooks: openPlaybooks(founding.playbooks, genesis.roster, ports.verifier),
        ports,
        limits: limitsOf(config),
        onReceipt: (decisionId, bytes) => this.#receipts.keep(decisionId, bytes),
        hasReceipt: (decisionId) => this.#receipts.has(decisionId),
      });
      this.#cores.push(core);
      core.context.ledger.subscribe((entry) => {
        if (entry.step === 'certificate') this.#firstDecisionMs ??= process.uptime() * 1000;
        onNarration?.({ entry });
      });
      this.regions.push(regionNode(core));
    }
    for (const core of this.#cores) await core.start();
    await this.#raiseFirstTenant();
    for (const core of this.#cores) core.telemetry.start();
  }

  /** Genesis asks a person for everything. The demo's first tenant goes one phase up. */
  async #raiseFirstTenant(): Promise<void> {
    const [first] = this.#cores;
    if (!first || first.context.constitution.height > 0) return;
    await until(() => this.#cores.every((core) => core.host.standing().voting));
    const { policy } = first.context.constitution;
    const salt = freshSalt(first.context.ports.random);
    const tenants = policy.tenants.map((tenant, index) =>
      index === 0 ? { ...tenant, phase: 'L3+' as const, salt } : tenant,
    );
    const raised: Policy = { ...policy, version: policy.version + 1, tenants };
    await first.proposeJournal({ kind: 'policy', policy: raised });
    await until(() => this.#cores.every((core) => core.context.constitution.height > 0));
  }

  firstDecisionMs(): number | null {
    return this.#firstDecisionMs === null ? null : Math.round(this.#firstDecisionMs);
  }

  replay(): { readonly upTo: number; readonly isOver: boolean } {
    const upTo = Math.min(...this.#cores.map(({ telemetry }) => telemetry.upTo));
    const isOver = this.#cores.every(
      ({ context, telemetry }) => telemetry.upTo >= (this.#ends.get(context.id) ?? 0),
    );
    return { upTo, isOver };
  }

  summary(): UpSummary {
    const heads = this.#cores.map((core) => [core.context.id, core.context.ledger.head()] as const);
    return {
      regions: this.#cores.length,
      tenants: this.#tenants,
      ...union(this.#cores.map(({ log }) => log.counts)),
      firstDecisionMs: this.firstDecisionMs(),
      auditHeads: Object.fromEntries(heads),
      receipts: this.#receipts.files().map((file) => relative(process.cwd(), file)),
      thisRun: union(this.#cores.map(({ countsOfThisRun }) => countsOfThisRun)),
    };
  }

  /** The metrics of the region that serves the gateway. */
  metricsText(): Promise<string> {
    return this.metrics.render();
  }

  async settled(): Promise<void> {
    // Whoever still waits when it closes is let go: a poll for ever would keep the process alive.
    await until(() => this.#isClosed || this.#cores.every((core) => core.isSettled()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const core of this.#cores) await core.close();
    await this.#claim.release();
  }
}

/** Everything but the claim on the folder goes. */
async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== 'quorate.pid') await rm(join(folder, name), { recursive: true });
  }
}
