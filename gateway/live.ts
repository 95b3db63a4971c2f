/**
 * The live view of a region's log: one subscription, shared by all clients of `GET /events`.
 *
 *   ledger ── entry, once durable ──> feed of its tenant ── every gatherMs ──> streams
 *
 * While a ledger writes, an entry costs one serialisation if anybody watches its tenant and
 * nothing otherwise; the writing to clients happens later, in one go for all entries since the
 * last time. So the cost of watching depends on the clock and not on how fast the log grows.
 */
import type { Writable } from 'node:stream';
import type { RenderedMetrics, systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { Config } from '#regions/config.ts';
import type { RegionNode } from '#regions/node.ts';
import type { GatewayLog } from './context.ts';
import { CatchUp } from './live/catch-up.ts';
import { Feed, frameOf } from './live/feed.ts';
import { EventStream, type StreamEnd } from './live/stream.ts';

export interface HubOptions {
  readonly region: Pick<RegionNode, 'auditHead' | 'entries' | 'subscribe'>;
  readonly limits: Pick<
    Config['limits'],
    'eventStreamsMax' | 'eventStreamsPerSubjectMax' | 'eventBufferBytesMax' | 'eventKeepAliveMs'
  >;
  readonly clock: typeof systemClock;
  readonly metrics: Pick<RenderedMetrics, 'count' | 'gauge'>;
  readonly log: GatewayLog;
}

export interface Watch {
  readonly tenant: string;
  readonly subject: string;
  /** The newest entry that the client has, -1 for none; null to hear from now on. */
  readonly after: number | null;
  /** When the client's right to watch ends, milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

interface Tenant {
  readonly feed: Feed;
  readonly streams: Set<EventStream>;
}

/** Timers hold no more than 24 days; a client that is ended after one only asks again. */
const streamLifeMsMax = 24 * 3_600_000;
/** Nobody sees a tenth of a second, and 200 clients cost at most 2,000 writes a second. */
const gatherMs = 100;

export class LiveHub {
  readonly #options: HubOptions;
  readonly #catchUp: CatchUp;
  readonly #unsubscribe: () => void;
  readonly #tenants = new Map<string, Tenant>();
  readonly #unsent = new Set<Tenant>();
  readonly #bySubject = new Map<string, number>();
  #open = 0;
  /** The log's size: what was heard of, and what was durable before. */
  #head: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #sending: unknown = null;
  #keepingAlive: unknown = null;
  #isRegionStopping = false;
  #isClosed = false;

  constructor(options: HubOptions) {
    const { region, limits, clock } = options;
    this.#options = options;
    this.#catchUp = new CatchUp({ region, clock, bytesMax: limits.eventBufferBytesMax });
    // Nothing can come between these two: entries are told in the turn that counts them.
    this.#head = region.auditHead().size;
    this.#unsubscribe = region.subscribe(({ entry }) => this.#hear(entry));
  }

  /** Calls `begin` for the response once the client is let in; throws what an answer can say. */
  open(watch: Watch, begin: () => Writable): Pick<EventStream, 'end'> {
    this.#admit(watch);
    const { clock, metrics } = this.#options;
    const tenant = this.#tenantOf(watch.tenant);
    const stream = new EventStream({
      to: begin(),
      position: watch.after === null ? this.#head : watch.after + 1,
      clock,
      recent: (position) => tenant.feed.since(position, this.#head),
      stored: (position) => this.#catchUp.read(watch.tenant, position),
      onSent: (count) => metrics.count('events_sent_total', {}, count),
      onEnd: (end, error) => {
        clock.clearTimeout(expiry);
        this.#leave(watch, stream, end);
        if (error) this.#options.log.error({ error: String(error) }, 'event stream failed');
      },
    });
    const lifeMs = Math.min(streamLifeMsMax, watch.expiresAt - clock.now());
    const expiry = clock.setTimeout(() => stream.end('expired'), lifeMs);
    tenant.streams.add(stream);
    this.#count(subjectOf(watch), 1);
    this.#keepingAlive ??= this.#armKeepAlive();
    stream.begin(this.#head);
    return stream;
  }

  /** Ends all streams with all that is known; nobody is let in any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsubscribe();
    this.#send();
    for (const { streams } of this.#tenants.values()) {
      for (const stream of streams) stream.end('draining');
    }
  }

  #admit({ after, ...who }: Watch): void {
    const { eventStreamsMax, eventStreamsPerSubjectMax } = this.#options.limits;
    if (this.#isClosed) {
      throw new QuorateError('not-ready', 'the gateway is stopping', { retryable: true });
    }
    if (after !== null && after >= this.#head) {
      throw new QuorateError('invalid-input', `the log ends before entry ${after}`, {
        field: 'after',
      });
    }
    const own = this.#bySubject.get(subjectOf(who)) ?? 0;
    if (this.#open >= eventStreamsMax || own >= eventStreamsPerSubjectMax) {
      const whose = own >= eventStreamsPerSubjectMax ? `${own} of yours` : `${this.#open}`;
      throw new QuorateError('too-many-requests', `${whose} event streams are open already`, {
        retryable: true,
      });
    }
  }

  #tenantOf(name: string): Tenant {
    const known = this.#tenants.get(name);
    if (known) return known;
    const feed = new Feed(this.#head, this.#options.limits.eventBufferBytesMax);
    const tenant = { feed, streams: new Set<EventStream>() };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #leave(watch: Watch, stream: EventStream, end: StreamEnd): void {
    const tenant = this.#tenants.get(watch.tenant);
    tenant?.streams.delete(stream);
    if (tenant?.streams.size === 0) {
      this.#tenants.delete(watch.tenant);
      this.#unsent.delete(tenant);
    }
    this.#count(subjectOf(watch), -1);
    if (end === 'slow') this.#options.metrics.count('event_streams_slow_total');
    if (this.#open > 0 || !this.#keepingAlive) return;
    this.#options.clock.clearTimeout(this.#keepingAlive);
    this.#keepingAlive = null;
  }

  #count(subject: string, by: 1 | -1): void {
    const own = (this.#bySubject.get(subject) ?? 0) + by;
    if (own > 0) this.#bySubject.set(subject, own);
    else this.#bySubject.delete(subject);
    this.#open += by;
    this.#options.metrics.gauge('event_streams', this.#open);
  }

  /** Called by the ledger between two batches: keep it short, and never throw. */
  #hear(entry: AuditEntry): void {
    this.#head = entry.seq + 1;
    const tenant = this.#tenants.get(entry.tenant);
    if (tenant) {
      tenant.feed.add(frameOf(entry));
      this.#unsent.add(tenant);
    }
    if (entry.step === 'region.stopped') this.#isRegionStopping = true;
    else if (!tenant) return;
    if (this.#sending) return;
    const { clock } = this.#options;
    // Clocks may jump back.
    const wait = Math.min(gatherMs, Math.max(0, this.#sentAt + gatherMs - clock.now()));
    this.#sending = clock.setTimeout(() => this.#send(), wait);
  }

  #send(): void {
    const { clock } = this.#options;
    if (this.#sending) clock.clearTimeout(this.#sending);
    this.#sending = null;
    this.#sentAt = clock.now();
    const tenants = [...this.#unsent];
    this.#unsent.clear();
    for (const { streams } of tenants) for (const stream of streams) stream.wake();
    if (this.#isRegionStopping) this.close();
  }

  #armKeepAlive(): unknown {
    const { clock, limits } = this.#options;
    return clock.setTimeout(() => {
      this.#keepingAlive = this.#armKeepAlive();
      for (const { streams } of this.#tenants.values()) {
        for (const stream of streams) stream.keepAlive();
      }
    }, limits.eventKeepAliveMs);
  }
}

/** Two tenants may each have an alice. */
function subjectOf({ tenant, subject }: Pick<Watch, 'tenant' | 'subject'>): string {
  return `${tenant} ${subject}`;
}
