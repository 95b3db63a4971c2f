/**
 * A hub over a real ledger in memory, and clients whose reading a test moves by hand.
 */
import { PassThrough } from 'node:stream';
import { Ledger } from '#fabric/host/ledger.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { LiveHub, type Watch } from '#gateway/live.ts';
import type { AuditDraft, AuditEntry } from '#protocols/messages/audit.ts';
import { readConfig } from '#regions/config.ts';
import { ManualClock } from './manual-clock.ts';
import { noMetrics, settle } from './quiet.ts';
import { EventReader } from './sse.ts';

export const keepAliveMs = 15_000;
const startAt = Date.UTC(2026, 0, 5, 12);

export interface LiveWorldOptions {
  readonly limits?: Readonly<Record<string, number>>;
}

export class LiveWorld {
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  readonly hub: LiveHub;
  readonly counted = new Map<string, number>();
  readonly errors: unknown[] = [];

  static async open(options: LiveWorldOptions = {}): Promise<LiveWorld> {
    const clock = new ManualClock(startAt);
    const ledger = await Ledger.open({
      region: 'eu',
      store: new MemoryStore(),
      clock,
      metrics: noMetrics,
      fatal: (error) => {
        throw error;
      },
    });
    return new LiveWorld(clock, ledger, options);
  }

  private constructor(clock: ManualClock, ledger: Ledger, { limits = {} }: LiveWorldOptions) {
    this.clock = clock;
    this.ledger = ledger;
    const { config } = readConfig({
      flags: Object.fromEntries(Object.entries(limits).map(([key, to]) => [`limits.${key}`, to])),
      environment: {},
      readText: () => undefined,
    });
    const note = (name: string, value: number) => this.counted.set(name, value);
    this.hub = new LiveHub({
      region: {
        auditHead: () => ledger.head(),
        entries: (tenant, from, limit) => ledger.entriesOfTenant(tenant, from, limit),
        subscribe: (listener) => ledger.subscribe((entry) => listener({ entry })),
      },
      limits: config.limits,
      clock,
      metrics: {
        count: (name, _labels, by = 1) => note(name, (this.counted.get(name) ?? 0) + by),
        gauge: note,
      },
      log: { info: () => {}, error: (fields) => this.errors.push(fields) },
    });
  }

  /** One durable batch of entries, each for the tenant named. */
  async write(tenants: readonly string[], reason?: string): Promise<readonly AuditEntry[]> {
    const drafts = tenants.map((tenant, index) => draftOf(tenant, reason ?? usualReason(index)));
    const written = await this.ledger.commit(drafts, []);
    await settle();
    return written;
  }

  /** What the log holds of a tenant from a sequence number on. */
  async seqs(tenant: string, from = 0): Promise<readonly number[]> {
    const seqs: number[] = [];
    for await (const entry of this.ledger.entries(from)) {
      if (entry.tenant === tenant) seqs.push(entry.seq);
    }
    return seqs;
  }

  async run(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  client(tenant: string, watch: Partial<Watch> = {}): LiveClient {
    return new LiveClient(this.hub, {
      tenant,
      subject: 'alice',
      after: null,
      expiresAt: startAt + 3_600_000,
      ...watch,
    });
  }
}

function usualReason(index: number): string {
  return `entry ${index} of its batch: größer als sonst`;
}

function draftOf(tenant: string, reason: string): AuditDraft {
  return {
    step: 'signal',
    actor: 'agent:observer',
    tenant,
    reason,
    facts: { service: 'web' },
    digests: {},
  };
}

/** Connects, reads what it likes, is cut off, and comes back with the last id it saw. */
export class LiveClient {
  readonly reader: EventReader;
  readonly #hub: LiveHub;
  readonly #watch: Watch;
  #pipe: PassThrough | null = null;

  constructor(hub: LiveHub, watch: Watch) {
    this.#hub = hub;
    this.#watch = watch;
    this.reader = new EventReader(watch.after === null ? null : String(watch.after));
  }

  get isConnected(): boolean {
    return this.#pipe !== null;
  }

  /** What the gateway holds for this client because it does not read. */
  get buffered(): number {
    return (this.#pipe?.writableLength ?? 0) + (this.#pipe?.readableLength ?? 0);
  }

  connect(): void {
    const { lastId } = this.reader;
    const pipe = new PassThrough({ highWaterMark: 512 });
    const after = lastId === null ? null : Number(lastId);
    this.#hub.open({ ...this.#watch, after }, () => pipe);
    this.#pipe = pipe;
    pipe.once('close', () => {
      if (this.#pipe === pipe) this.#lose();
    });
  }

  /** Takes at most so many bytes; a block may end in the middle. */
  async read(bytesMax = Number.POSITIVE_INFINITY): Promise<void> {
    let left = bytesMax;
    while (left > 0 && this.#pipe) {
      const chunk = this.#pipe.read() as Uint8Array | null;
      if (!chunk) break;
      const taken = chunk.subarray(0, left);
      this.reader.read(taken);
      if (taken.length < chunk.length) this.#pipe.unshift(chunk.subarray(left));
      left -= taken.length;
      await settle();
    }
  }

  /** The network is gone: what was not read is lost. */
  async cut(): Promise<void> {
    this.#pipe?.destroy();
    this.#lose();
    await settle();
  }

  #lose(): void {
    this.#pipe = null;
    this.reader.cut();
  }
}
