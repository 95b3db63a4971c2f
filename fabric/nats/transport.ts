/**
 * The transport over NATS: one subject a sender and kind, so that the server itself keeps a
 * region from speaking as another (nats/server-config.ts writes those permissions).
 *
 * Messages of one sender arrive in the order sent: one connection on each side carries them all.
 * What cannot leave is dropped and counted, by reason: no connection, too large, or more bytes
 * under way than the bound. Documents are also kept by a JetStream stream; whenever the way is
 * open again, those that were missed come first and what arrives meanwhile waits behind them.
 */
import { assert } from '#protocols/assert.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';
import {
  type BroadcastKind,
  broadcastSubject,
  directSubject,
  documentStream,
  heardSubjects,
  senderOf,
} from '#protocols/subjects.ts';
import type { Clock, Log, Metrics, Timer, Transport } from '../ports.ts';
import { Presence } from '../presence.ts';
import {
  connectNats,
  ensureStream,
  type NatsAccess,
  type NatsConnection,
  replayStream,
  type StreamBounds,
} from './connection.ts';

export interface NatsTransportOptions {
  readonly federation: string;
  readonly self: string;
  readonly access: NatsAccess;
  /** Null: documents are not kept for members that are away. */
  readonly history: StreamBounds | null;
  /** Documents from then on were missed before this start, milliseconds. */
  since(): number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Listener = (from: string, bytes: Uint8Array) => void;
type DropReason = 'not-connected' | 'queue-full' | 'too-large' | 'self';

/** Four of the largest messages: beyond that the server does not keep up. */
const underWayBytesMax = 4 * messageBytesMax;
/** What may wait behind a replay. */
const heldBytesMax = 16 * messageBytesMax;
/** A replay that takes longer goes on beside what arrives. */
const heldMsMax = 10_000;
/** Clocks of servers and regions differ, and replays overlap rather than leave a gap. */
const overlapMs = 5000;
const retryMs = 1000;
const replayWaitMsMax = 60_000;
const closeMs = 2000;

export function natsTransport(options: NatsTransportOptions): Transport {
  const transport = new NatsTransport(options);
  transport.start();
  return transport;
}

class NatsTransport implements Transport {
  readonly self: string;
  readonly #o: NatsTransportOptions;
  readonly #presence: Presence;
  #listener: Listener = () => undefined;
  /** What was missed is read once somebody listens. */
  readonly #listening = Promise.withResolvers<void>();
  /** Documents from then on were missed, milliseconds; null when none were. */
  #missedSince: number | null;
  #nc: NatsConnection | null = null;
  #reason = 'connecting';
  #isConnected = false;
  #isClosed = false;
  #retry: Timer | null = null;
  #replayTimer: Timer | null = null;
  #replayWaitMs = retryMs;
  #underWayBytes = 0;
  /** What came while a replay runs; null when none does. */
  #held: { readonly messages: [from: string, bytes: Uint8Array][]; bytes: number } | null = null;

  constructor(options: NatsTransportOptions) {
    this.self = options.self;
    this.#o = options;
    this.#missedSince = options.since();
    const { federation, self, clock, log, metrics } = options;
    const subject = broadcastSubject(federation, self, 'presence');
    const send = (bytes: Uint8Array) => this.#publish(subject, bytes);
    this.#presence = new Presence({ federation, self, clock, log, metrics, send });
  }

  start(): void {
    void this.#connect();
  }

  send(to: string, bytes: Uint8Array): void {
    if (to === this.self) this.#drop('self');
    else this.#publish(directSubject(this.#o.federation, this.self, to), bytes);
  }

  broadcast(bytes: Uint8Array, kind: BroadcastKind): void {
    this.#publish(broadcastSubject(this.#o.federation, this.self, kind), bytes);
  }

  onMessage(listener: Listener): void {
    this.#listener = listener;
    this.#listening.resolve();
  }

  peers(): readonly string[] {
    return this.#isConnected ? this.#presence.peers() : [];
  }

  standing() {
    const refused = this.#presence.refused();
    const quarrel = refused.map(({ peer, reason }) => `${peer} is refused: ${reason}`).join('; ');
    return { connected: this.#isConnected, reason: quarrel || this.#reason };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#presence.leave();
    this.#isClosed = true;
    this.#isConnected = false;
    for (const timer of [this.#retry, this.#replayTimer]) {
      if (timer !== null) this.#o.clock.clearTimeout(timer);
    }
    const nc = this.#nc;
    this.#nc = null;
    if (!nc) return;
    // A server that does not answer must not keep the process.
    const timeout = Promise.withResolvers<void>();
    const timer = this.#o.clock.setTimeout(timeout.resolve, closeMs);
    await Promise.race([nc.flush().catch(() => undefined), timeout.promise]);
    this.#o.clock.clearTimeout(timer);
    await nc.close();
  }

  async #connect(): Promise<void> {
    const { access, federation, log, clock } = this.#o;
    try {
      const name = `quorate ${federation} ${this.self}`;
      const nc = await connectNats(access, { name, inboxPrefix: `_INBOX_${this.self}` });
      if (this.#isClosed) return void (await nc.close());
      this.#nc = nc;
      for (const subject of heardSubjects(federation, this.self)) this.#subscribe(nc, subject);
      void this.#watch(nc);
      this.#opened(nc);
    } catch (error) {
      this.#reason = `no NATS server takes us: ${reasonOf(error)}`;
      log.warn({ reason: this.#reason }, 'not connected');
      if (!this.#isClosed) this.#retry = clock.setTimeout(() => void this.#connect(), retryMs);
    }
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') this.#lost(`disconnected from ${status.server}`);
      else if (status.type === 'reconnect') this.#opened(nc);
      else if (status.type === 'error') {
        this.#o.log.error({ reason: reasonOf(status.error) }, 'the NATS server refuses something');
      }
    }
    if (!this.#isClosed) this.#lost('the connection was closed for good');
  }

  #opened(nc: NatsConnection): void {
    this.#isConnected = true;
    this.#reason = `connected to ${nc.getServer()}`;
    this.#underWayBytes = 0;
    this.#presence.start();
    this.#o.log.info({ server: nc.getServer() }, 'connected');
    if (this.#o.history) void this.#replay(nc, this.#o.history);
  }

  #lost(reason: string): void {
    if (this.#isConnected) this.#missedSince ??= this.#o.clock.now();
    this.#isConnected = false;
    this.#reason = reason;
    this.#presence.stop();
    this.#presence.forget();
    this.#release();
    this.#o.log.warn({ reason }, 'disconnected');
  }

  #subscribe(nc: NatsConnection, subject: string): void {
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.#o.log.error({ reason: reasonOf(error) }, 'subscription refused');
        else this.#hear(message.subject, message.data);
      },
    });
  }

  #hear(subject: string, bytes: Uint8Array): void {
    const from = senderOf(subject, this.#o.federation);
    if (from === null || from === this.self || this.#isClosed) return;
    if (subject === broadcastSubject(this.#o.federation, from, 'presence')) {
      this.#presence.hear(from, bytes);
    } else if (this.#presence.admits(from)) this.#deliver(from, bytes);
  }

  #deliver(from: string, bytes: Uint8Array): void {
    if (this.#held === null) {
      this.#listener(from, bytes);
      return;
    }
    this.#held.bytes += bytes.length;
    if (this.#held.bytes > heldBytesMax) this.#release();
    this.#held?.messages.push([from, bytes]);
    if (this.#held === null) this.#listener(from, bytes);
  }

  /** Missed documents first: then what came meanwhile, in order. */
  async #replay(nc: NatsConnection, bounds: StreamBounds): Promise<void> {
    const { federation, log, clock } = this.#o;
    const name = documentStream(federation);
    const subject = broadcastSubject(federation, '*', 'documents');
    let timer: Timer | null = null;
    try {
      // Also by whoever missed nothing: what is said from now on is to be kept.
      await ensureStream(nc, { name, subject }, bounds);
      await this.#listening.promise;
      if (this.#missedSince === null || !this.#isConnected) return;
      const since = new Date(Math.max(0, this.#missedSince - overlapMs));
      this.#held ??= { messages: [], bytes: 0 };
      timer = clock.setTimeout(() => this.#release(), heldMsMax);
      const replayed = await this.#read(nc, name, since);
      if (this.#isConnected) this.#missedSince = null;
      this.#replayWaitMs = retryMs;
      log.info({ replayed }, 'missed documents read');
    } catch (error) {
      // Regions also fetch what they lack from each other: slower, and without JetStream.
      log.warn({ reason: reasonOf(error) }, 'missed documents could not be read');
      this.#replayLater(nc, bounds);
    } finally {
      if (timer !== null) clock.clearTimeout(timer);
      this.#release();
    }
  }

  async #read(nc: NatsConnection, stream: string, since: Date): Promise<number> {
    let replayed = 0;
    for await (const message of replayStream(nc, stream, since)) {
      const from = senderOf(message.subject, this.#o.federation);
      if (from === null || from === this.self) continue;
      this.#listener(from, message.bytes);
      replayed += 1;
    }
    return replayed;
  }

  /** A cluster of servers keeps nothing before it has chosen a leader. */
  #replayLater(nc: NatsConnection, bounds: StreamBounds): void {
    const waitMs = this.#replayWaitMs;
    this.#replayWaitMs = Math.min(replayWaitMsMax, 2 * waitMs);
    if (this.#replayTimer !== null) this.#o.clock.clearTimeout(this.#replayTimer);
    this.#replayTimer = this.#o.clock.setTimeout(() => {
      this.#replayTimer = null;
      if (this.#isConnected) void this.#replay(nc, bounds);
    }, waitMs);
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    for (const [from, bytes] of held?.messages ?? []) this.#listener(from, bytes);
  }

  #publish(subject: string, bytes: Uint8Array): void {
    const nc = this.#nc;
    const refusal = this.#refusal(bytes);
    if (!nc || refusal !== null) {
      this.#drop(refusal ?? 'not-connected');
      return;
    }
    // A copy, because the sender may reuse its buffer before the client has written it.
    nc.publish(subject, new Uint8Array(bytes));
    if (this.#underWayBytes === 0) void this.#settleUp(nc);
    this.#underWayBytes += bytes.length;
  }

  #refusal(bytes: Uint8Array): DropReason | null {
    if (!this.#isConnected || this.#isClosed) return 'not-connected';
    if (bytes.length > messageBytesMax) return 'too-large';
    return this.#underWayBytes + bytes.length > underWayBytesMax ? 'queue-full' : null;
  }

  /** The server has answered a ping sent behind the messages: it has them all. */
  async #settleUp(nc: NatsConnection): Promise<void> {
    await Promise.resolve();
    const bytes = this.#underWayBytes;
    await nc.flush().catch(() => undefined);
    this.#underWayBytes = Math.max(0, this.#underWayBytes - bytes);
    assert(this.#underWayBytes >= 0, 'no less than nothing is under way');
    if (this.#underWayBytes > 0 && this.#isConnected) void this.#settleUp(nc);
  }

  #drop(reason: DropReason): void {
    this.#o.metrics.count('fabric_not_sent_total', { reason });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
