/**
 * Who is there, on fabrics where a connection to a server says nothing about the other members.
 *
 * Every member says hello when it arrives and periodically. One that has been silent for several
 * periods is not a peer. One whose hello does not match ours is refused: nothing it sends is
 * listened to, and the log says why, once for each reason.
 */
import { utf8 } from '#protocols/bytes.ts';
import { helloOf, refusalOf } from '#protocols/handshake.ts';
import { decode } from '#protocols/messages/index.ts';
import type { Clock, Log, Metrics, Timer } from './ports.ts';

export interface PresenceOptions {
  readonly federation: string;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  send(bytes: Uint8Array): void;
}

const helloMs = 1000;
/** Three hellos lost in a row: it is gone, or cut off. */
const silenceMs = 3500;
/** A federation has at most 64 members; names beyond that are inventions. */
const knownMax = 256;

interface Known {
  /** Node's clock, milliseconds; null once it said goodbye. */
  readonly heardAt: number | null;
  readonly refusal: string | null;
}

export class Presence {
  readonly #o: PresenceOptions;
  readonly #known = new Map<string, Known>();
  #timer: Timer | null = null;

  constructor(options: PresenceOptions) {
    this.#o = options;
  }

  /** Says hello now and from now on; called again whenever the way is open again. */
  start(): void {
    this.stop();
    this.#sayHello();
  }

  stop(): void {
    if (this.#timer !== null) this.#o.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  leave(): void {
    this.stop();
    const { federation, self } = this.#o;
    this.#o.send(utf8(JSON.stringify(helloOf({ federation, from: self }, true))));
  }

  /** Everybody gone: our own way is cut. */
  forget(): void {
    for (const [name, known] of this.#known) this.#known.set(name, { ...known, heardAt: null });
  }

  hear(from: string, bytes: Uint8Array): void {
    const { federation, clock, log, metrics } = this.#o;
    const decoded = decode(['hello/1'], bytes);
    if (!decoded.ok || decoded.value.from !== from) {
      metrics.count('fabric_dropped_total', { reason: decoded.ok ? 'forged' : decoded.reason });
      return;
    }
    const known = this.#known.get(from);
    if (!known && this.#known.size >= knownMax) return;
    const refusal = refusalOf(decoded.value, federation);
    if (refusal !== null && known?.refusal !== refusal) {
      log.error({ peer: from, reason: refusal }, 'a peer is refused');
      metrics.count('fabric_peers_refused_total');
    }
    const heardAt = decoded.value.isLeaving ? null : clock.now();
    this.#known.set(from, { heardAt, refusal });
    // A newcomer learns of us at once, not with our next hello.
    if (heardAt !== null && (known?.heardAt ?? null) === null) this.#greet();
  }

  /** Whether what it sends may be listened to: a stranger's hello may be late, a refusal is not. */
  admits(from: string): boolean {
    return (this.#known.get(from)?.refusal ?? null) === null;
  }

  peers(): readonly string[] {
    const since = this.#o.clock.now() - silenceMs;
    return [...this.#known].flatMap(([name, { heardAt, refusal }]) =>
      heardAt !== null && heardAt >= since && refusal === null ? [name] : [],
    );
  }

  refused(): readonly { readonly peer: string; readonly reason: string }[] {
    return [...this.#known].flatMap(([peer, { refusal }]) =>
      refusal === null ? [] : [{ peer, reason: refusal }],
    );
  }

  #sayHello(): void {
    this.#greet();
    this.#timer = this.#o.clock.setTimeout(() => this.#sayHello(), helloMs);
  }

  #greet(): void {
    const { federation, self } = this.#o;
    this.#o.send(utf8(JSON.stringify(helloOf({ federation, from: self }))));
  }
}
