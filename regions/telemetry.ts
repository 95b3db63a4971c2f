/**
 * Points in, anomalies out: reads the region's telemetry source, runs the detectors, and keeps
 * how far it got.
 *
 * Points never become actor events; anomalies do. The offset and the detectors' state become
 * durable together, and only after everything the points gave rise to is on disk: after a crash
 * some points are read again, and their signals, which have the same ids, are known already.
 *
 *   telemetry  {offset, upTo, detectors}
 */
import type { AgentEvent, AgentName } from '#agents/events.ts';
import { type DetectorState, detect } from '#agents/observer/observer.logic.ts';
import type { StoreOp, TelemetryBatch, TelemetryPoint } from '#fabric/ports.ts';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';
import type { RegionContext } from './context.ts';

export interface TelemetryHooks {
  /** False when the tenant's mailbox is full: the point waits. */
  tell(tenant: string, agent: AgentName, event: AgentEvent): boolean;
  /** Resolves when the agents have nothing left to do and it is durable. */
  settled(): Promise<void>;
}

interface Progress {
  readonly offset: string | null;
  readonly upTo: number;
  readonly detectors: Readonly<Record<string, DetectorState>>;
}

const key = 'telemetry';
const hourMs = 3_600_000;
const retryMs = 20;

export class Telemetry {
  readonly #c: RegionContext;
  readonly #hooks: TelemetryHooks;
  #offset: string | null = null;
  #upTo = 0;
  #toldHour = 0;
  readonly #detectors = new Map<string, DetectorState>();
  #ended = false;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(context: RegionContext, hooks: TelemetryHooks) {
    this.#c = context;
    this.#hooks = hooks;
  }

  async open(): Promise<void> {
    const bytes = await this.#c.ports.store.get(key);
    if (!bytes) return;
    const progress = JSON.parse(fromUtf8(bytes)) as Progress;
    this.#offset = progress.offset;
    this.#upTo = progress.upTo;
    for (const [name, state] of Object.entries(progress.detectors)) {
      this.#detectors.set(name, state);
    }
  }

  start(): void {
    this.#done = this.#run();
    this.#done.catch((error: unknown) => this.#c.ports.fatal(error));
  }

  /** Event time reached, ms; 0 before the first batch. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Whether the recording has ended. A live source never does. */
  get ended(): boolean {
    return this.#ended;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#c.ports.telemetry.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    let sinceCheckpoint = 0;
    for await (const batch of this.#c.ports.telemetry.open(this.#offset)) {
      if (this.#stopped) break;
      await this.#take(batch);
      sinceCheckpoint += 1;
      if (sinceCheckpoint >= this.#c.limits.checkpointBatches) {
        await this.#checkpoint();
        sinceCheckpoint = 0;
      }
    }
    if (this.#stopped) return;
    await this.#checkpoint();
    this.#ended = true;
  }

  async #take(batch: TelemetryBatch): Promise<void> {
    this.#c.ports.metrics.count('ingested_total', {}, batch.points.length);
    const bySeries = Map.groupBy(batch.points, seriesOf);
    for (const [series, points] of bySeries) {
      const { state, anomalies } = detect(this.#detectors.get(series), points);
      this.#detectors.set(series, state);
      for (const anomaly of anomalies) {
        this.#c.ports.metrics.count('anomaly_total');
        const tenant = points[0]?.tenant ?? '';
        await this.#tell(tenant, 'observer', { type: 'anomaly.detected', anomaly });
      }
    }
    this.#offset = batch.offset;
    this.#upTo = batch.upTo;
    await this.#tellTime(new Set(batch.points.map(({ tenant }) => tenant)));
  }

  /** Risks decay with event time: scorers hear of every new hour. */
  async #tellTime(tenants: ReadonlySet<string>): Promise<void> {
    const hour = Math.floor(this.#upTo / hourMs);
    if (hour <= this.#toldHour) return;
    this.#toldHour = hour;
    for (const tenant of tenants) {
      await this.#tell(tenant, 'scorer', { type: 'time.advanced', at: this.#upTo });
    }
  }

  /** Backpressure: a full mailbox makes the source wait. */
  async #tell(tenant: string, agent: AgentName, event: AgentEvent): Promise<void> {
    while (!this.#stopped && !this.#hooks.tell(tenant, agent, event)) {
      await new Promise<void>((resolve) => this.#c.ports.clock.setTimeout(resolve, retryMs));
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#hooks.settled();
    const progress: Progress = {
      offset: this.#offset,
      upTo: this.#upTo,
      detectors: Object.fromEntries(this.#detectors),
    };
    const op: StoreOp = { put: key, value: utf8(JSON.stringify(progress)) };
    await this.#c.ledger.commit([], [op]);
  }
}

function seriesOf({ tenant, service, metric }: TelemetryPoint): string {
  return `${tenant}/${service}/${metric}`;
}
