/**
 * A network within one process: for the embedded federation, for tests and for simulations.
 *
 * A link is one direction between two members. Messages of a link arrive in the order sent,
 * each after the link's latency on the given clock. A full link drops the newest message; a cut
 * link, a closed end and an oversized message drop too, each counted by its reason.
 */
import { assert, required } from '#protocols/assert.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';
import type { Clock, Transport } from '../ports.ts';

export type DropReason = 'nobody' | 'self' | 'too-large' | 'queue-full' | 'cut' | 'closed';

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** How long a message is under way; 0 by default. */
  readonly latencyMs?: (from: string, to: string) => number;
  /** Messages under way on one link. */
  readonly queueMessagesMax?: number;
  readonly onDrop?: (reason: DropReason, from: string, to: string) => void;
}

type Listener = (from: string, bytes: Uint8Array) => void;

interface Link {
  /** In the order sent. Each has a timer; a timer delivers the oldest, whichever it is. */
  readonly messages: Uint8Array[];
}

/** At the usual size of a message, a few MiB a link. */
const queueMessagesMaxDefault = 4096;

export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #ends = new Map<string, MemoryTransport>();
  readonly #links = new Map<string, Link>();
  readonly #cuts = new Set<string>();
  readonly #dropped = new Map<DropReason, number>();

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** Joins the network; a name is free again once its end has closed. */
  connect(self: string): Transport {
    assert(!this.#ends.has(self), 'a member is connected once');
    const end = new MemoryTransport(self, this);
    this.#ends.set(self, end);
    return end;
  }

  /** Stops messages between the two, both ways, those under way included. */
  cut(a: string, b: string): void {
    this.#cuts.add(linkKey(a, b)).add(linkKey(b, a));
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(linkKey(a, b));
    this.#cuts.delete(linkKey(b, a));
  }

  /** How many messages were dropped for a reason. */
  dropped(reason: DropReason): number {
    return this.#dropped.get(reason) ?? 0;
  }

  /** The others that are connected and not cut off from this one. */
  peersOf(self: string): readonly string[] {
    return [...this.#ends.keys()].filter(
      (name) => name !== self && !this.#cuts.has(linkKey(self, name)),
    );
  }

  holds(end: MemoryTransport): boolean {
    return this.#ends.get(end.self) === end;
  }

  leave(end: MemoryTransport): void {
    if (this.holds(end)) this.#ends.delete(end.self);
  }

  /** `from` is the end that sends, so that a closed one cannot speak for its successor. */
  carry(from: MemoryTransport, to: string, bytes: Uint8Array): void {
    const link = this.#link(from.self, to);
    const reason = this.#refusal(from, to, bytes) ?? this.#fullness(link);
    if (reason !== null) {
      this.#drop(reason, from.self, to);
      return;
    }
    link.messages.push(bytes);
    const latencyMs = this.#options.latencyMs?.(from.self, to) ?? 0;
    this.#options.clock.setTimeout(() => this.#deliver(link, from.self, to), latencyMs);
  }

  #refusal(from: MemoryTransport, to: string, bytes: Uint8Array): DropReason | null {
    if (!this.holds(from)) return 'closed';
    if (to === from.self) return 'self';
    if (!this.#ends.has(to)) return 'nobody';
    if (bytes.length > messageBytesMax) return 'too-large';
    return this.#cuts.has(linkKey(from.self, to)) ? 'cut' : null;
  }

  #fullness(link: Link): DropReason | null {
    const messagesMax = this.#options.queueMessagesMax ?? queueMessagesMaxDefault;
    return link.messages.length >= messagesMax ? 'queue-full' : null;
  }

  #deliver(link: Link, from: string, to: string): void {
    const bytes = required(link.messages.shift(), 'a message under way has one timer');
    const end = this.#ends.get(to);
    if (this.#cuts.has(linkKey(from, to))) this.#drop('cut', from, to);
    else if (end === undefined) this.#drop('nobody', from, to);
    else end.receive(from, bytes);
  }

  #link(from: string, to: string): Link {
    const key = linkKey(from, to);
    const link = this.#links.get(key) ?? { messages: [] };
    // Only between members: messages to invented names must not grow the map.
    if (this.#ends.has(from) && this.#ends.has(to)) this.#links.set(key, link);
    return link;
  }

  #drop(reason: DropReason, from: string, to: string): void {
    this.#dropped.set(reason, this.dropped(reason) + 1);
    this.#options.onDrop?.(reason, from, to);
  }
}

class MemoryTransport implements Transport {
  readonly self: string;
  readonly #network: MemoryNetwork;
  #listener: Listener = () => undefined;

  constructor(self: string, network: MemoryNetwork) {
    this.self = self;
    this.#network = network;
  }

  send(to: string, bytes: Uint8Array): void {
    // A copy, because the sender may reuse its buffer before the message arrives.
    this.#network.carry(this, to, new Uint8Array(bytes));
  }

  broadcast(bytes: Uint8Array): void {
    for (const peer of this.peers()) this.send(peer, bytes);
  }

  onMessage(listener: Listener): void {
    this.#listener = listener;
  }

  peers(): readonly string[] {
    return this.#network.peersOf(this.self);
  }

  standing() {
    return { connected: this.#network.holds(this), reason: 'one process' };
  }

  receive(from: string, bytes: Uint8Array): void {
    this.#listener(from, bytes);
  }

  async close(): Promise<void> {
    this.#network.leave(this);
  }
}

/** Names hold no arrow. */
function linkKey(from: string, to: string): string {
  return `${from}>${to}`;
}
