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
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  claimDataFolder,
  type DataFolderClaim,
  embeddedNetwork,
  type OpenedPorts,
  openPorts,
  type RenderedMetrics,
  ReplayPace,
  type ReplaySeries,
  readSeries,
  seedMockCluster,
  systemClock,
  writeDurably,
} from '#fabric/open.ts';
import { assert } from '#protocols/assert.ts';
import type { TrustRoot } from '#protocols/epochs/trust.ts';
import type { Policy } from '#protocols/messages/epoch.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { union } from './counts.ts';
import { type Dataset, loadDataset, stateAtStart } from './dataset.ts';
import type { Federation, FederationOptions, UpSummary } from './federation-types.ts';
import { type Founding, found } from './founding.ts';
import { freshSalt, openPlaybooks } from './genesis.ts';
import { limitsOf } from './limits.ts';
import type { RegionNode } from './node.ts';
import { readTrustRoot, trustRootPath } from './offline.ts';
import { RegionCore } from './region.ts';
import { regionNode } from './region-node.ts';

/** Where the shipped recording lies. */
const demoFolder = join(import.meta.dirname, '..', 'sim', 'datasets', 'demo');
const settledPollMs = 50;
const receiptName = /^[0-9a-f]{64}\.json$/;
const replaySeconds = 20;
const speedMin = 80_000;

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
  /** Decision ids. */
  readonly #receipts = new Set<string>();
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
    // Read before anything is opened: a row that cannot be read ends the start, not the run.
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
          transport: network.connect(region),
          log,
          metricsPrefix: config.metricsPrefix,
          replay: { series: series[index] ?? [], pace },
          fatal: (error) => stopProcess(error, log),
        }),
      );
    }
    const founding = await found({ config, dataset, ports, folder: claim.folder });
    await seedMockCluster(claim.folder, targetsOf(dataset));
    const trustRoot = await readTrustRoot(trustRootPath(claim.folder));
    const ends = new Map(config.regions.map((region, at) => [region, endOf(series[at] ?? [])]));
    const federation = new EmbeddedFederation({ claim, ports, cores, trustRoot, dataset, ends });
    await federation.#readReceipts();
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
  }

  async #readReceipts(): Promise<void> {
    const folder = join(this.dataDir, 'receipts');
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (receiptName.test(name)) this.#receipts.add(name.slice(0, -'.json'.length));
    }
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
        onReceipt: (decisionId, bytes) => this.#keepReceipt(decisionId, bytes),
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
      receipts: [...this.#receipts].sort().map((id) => relative(process.cwd(), this.#fileOf(id))),
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

  #fileOf(decisionId: string): string {
    return join(this.dataDir, 'receipts', `${decisionId}.json`);
  }

  async #keepReceipt(decisionId: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(this.#fileOf(decisionId), bytes);
    this.#receipts.add(decisionId);
  }
}

function seriesOf(dataset: Dataset, region: string): Promise<readonly ReplaySeries[]> {
  const series = dataset.tenants.flatMap((tenant) =>
    tenant.services.flatMap(({ service, series }) =>
      series
        .filter((one) => one.region === region)
        .map(async ({ metric, kind, file, shiftTo }) => ({
          tenant: tenant.id,
          service,
          metric,
          kind,
          from: { rows: await readSeries(file) },
          shift: { to: Date.parse(shiftTo) },
        })),
    ),
  );
  return Promise.all(series);
}

/** The event time of the last row, once the first one is moved to where it belongs. */
function endOf(series: readonly ReplaySeries[]): number {
  const ends = series.map(({ from, shift }) => {
    const rows = 'rows' in from ? from.rows : [];
    const [first, last] = [rows[0]?.at ?? 0, rows.at(-1)?.at ?? 0];
    if (!shift) return last;
    return last + ('to' in shift ? shift.to - first : shift.byMs);
  });
  return Math.max(0, ...ends);
}

/** Twenty seconds for the whole recording, and never slower than 18 days in that time. */
function usualSpeed(series: readonly ReplaySeries[]): number {
  const seconds = series.map(({ from }) => {
    const rows = 'rows' in from ? from.rows : [];
    return ((rows.at(-1)?.at ?? 0) - (rows[0]?.at ?? 0)) / 1000;
  });
  return Math.max(speedMin, ...seconds.map((span) => span / replaySeconds));
}

function targetsOf(dataset: Dataset): readonly TargetState[] {
  return dataset.tenants.flatMap(({ id, services }) =>
    services.map(({ service, home }) => stateAtStart(`${id}/${service}`, home)),
  );
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, settledPollMs));
  }
}

/** Everything but the claim on the folder goes. */
async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== 'quorate.pid') await rm(join(folder, name), { recursive: true });
  }
}

/** A failed sync or a broken assertion: what is in memory may be ahead of the disk. */
function stopProcess(error: unknown, log: FederationOptions['log']): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ reason }, 'stopping at once');
  process.exit(1);
}
