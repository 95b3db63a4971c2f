/**
 * The simulated network: a Transport for each node over links that lose, double, delay,
 * reorder and are cut, one way or both.
 *
 * A quiet link delivers in order. In the chaos phase the promises of the Transport port are
 * broken on purpose: safety must not depend on them.
 */
import type { Transport } from '#fabric/ports.ts';
import type { Agenda } from './clock.ts';
import type { FaultCounts } from './faults.ts';
import type { Seed } from './seed.ts';
import { shortDigest, type Trace } from './trace.ts';

/** How links behave now; changed by the fault plan. */
export interface Weather {
  /** Probabilities per message. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  /** A message takes at least this and on average `delayMeanMs` more. */
  readonly delayMinMs: number;
  readonly delayMeanMs: number;
}

export const fairWeather: Weather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  delayMinMs: 5,
  delayMeanMs: 5,
};

/** A message held back by reordering arrives up to so much later. */
const reorderMs = 400;

export interface NetworkOptions {
  readonly agenda: Agenda;
  readonly seed: Seed;
  readonly trace: Trace;
  readonly counts: FaultCounts;
  /** Sees every message once as it is sent, before anyone receives it. */
  readonly onSent: (from: string, bytes: Uint8Array) => void;
}

interface Wire {
  /** A message leaves the node; told once, however many receive it. */
  readonly sent: (bytes: Uint8Array) => void;
  readonly carry: (to: string, bytes: Uint8Array) => void;
}

type Listener = (from: string, bytes: Uint8Array) => void;

export class SimNetwork {
  readonly #o: NetworkOptions;
  readonly #nodes = new Map<string, SimTransport>();
  readonly #cuts = new Set<string>();
  /** When the newest message of a link arrives: later ones do not overtake it. */
  readonly #lastArrival = new Map<string, number>();
  weather: Weather = fairWeather;

  constructor(options: NetworkOptions) {
    this.#o = options;
  }

  /** A new incarnation of a node; what is under way to the old one is lost. */
  connect(self: string, members: readonly string[]): SimTransport {
    const peers = members.filter((member) => member !== self);
    const transport = new SimTransport(self, peers, {
      sent: (bytes) => this.#o.onSent(self, bytes),
      carry: (to, bytes) => this.#carry(self, to, bytes),
    });
    this.#nodes.set(self, transport);
    return transport;
  }

  cut(from: string, to: string): void {
    this.#cuts.add(link(from, to));
  }

  /** Every link carries again. */
  mend(): void {
    this.#cuts.clear();
  }

  heal(): void {
    this.mend();
    this.weather = fairWeather;
  }

  #carry(from: string, to: string, bytes: Uint8Array): void {
    const { agenda, seed, counts, trace } = this.#o;
    const isCut = this.#cuts.has(link(from, to));
    if (isCut || seed.chance(this.weather.loss)) {
      const fault = isCut ? 'partition' : 'loss';
      counts[fault] += 1;
      trace.line(agenda.now(), fault, from, to, bytes.length);
      return;
    }
    this.#deliver(from, to, bytes);
    if (!seed.chance(this.weather.duplication)) return;
    counts.duplication += 1;
    this.#deliver(from, to, bytes);
  }

  #deliver(from: string, to: string, bytes: Uint8Array): void {
    const { agenda, seed, counts, trace } = this.#o;
    const { delayMinMs, delayMeanMs, reordering } = this.weather;
    let arrival = agenda.now() + Math.round(delayMinMs + seed.skewed(delayMeanMs));
    const last = this.#lastArrival.get(link(from, to)) ?? 0;
    if (seed.chance(reordering)) {
      counts.reordering += 1;
      arrival += seed.integer(1, reorderMs);
    } else {
      arrival = Math.max(arrival, last);
      this.#lastArrival.set(link(from, to), arrival);
    }
    if (this.weather.delayMeanMs > fairWeather.delayMeanMs) counts.delay += 1;
    const receiver = this.#nodes.get(to);
    agenda.after(arrival - agenda.now(), `message ${from} ${to}`, () => {
      const isThere = receiver !== undefined && receiver === this.#nodes.get(to);
      trace.line(agenda.now(), isThere ? 'got' : 'nobody', from, to, shortDigest(bytes));
      if (isThere) receiver.receive(from, bytes);
    });
  }
}

export class SimTransport implements Transport {
  readonly self: string;
  readonly #peers: readonly string[];
  readonly #wire: Wire;
  #listener: Listener | null = null;
  #open = true;

  constructor(self: string, peers: readonly string[], wire: Wire) {
    this.self = self;
    this.#peers = peers;
    this.#wire = wire;
  }

  send(to: string, bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#wire.sent(bytes);
    if (this.#peers.includes(to)) this.#wire.carry(to, bytes);
  }

  broadcast(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#wire.sent(bytes);
    for (const peer of this.#peers) this.#wire.carry(peer, bytes);
  }

  onMessage(listener: Listener): void {
    this.#listener = listener;
  }

  peers(): readonly string[] {
    return this.#peers;
  }

  standing() {
    return { connected: this.#open, reason: 'simulated' };
  }

  async close(): Promise<void> {
    this.crash();
  }

  /** Nothing is sent or heard from now on. */
  crash(): void {
    this.#open = false;
    this.#listener = null;
  }

  receive(from: string, bytes: Uint8Array): void {
    if (this.#open) this.#listener?.(from, bytes);
  }
}

function link(from: string, to: string): string {
  return `${from}>${to}`;
}
