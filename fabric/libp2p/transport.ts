/**
 * The transport over libp2p: broadcasts by gossipsub, messages to one member over a stream.
 *
 * Who may connect, and whose messages are listened to, the list of members says: their peer ids
 * follow from their keys. A message of a stranger, or one that is too large, is rejected, which
 * costs the peer that passed it on its score; one of a refused member is ignored.
 */
import { messageBytesMax } from '#protocols/messages/index.ts';
import { type BroadcastKind, broadcastKinds, broadcastSubject } from '#protocols/subjects.ts';
import type { Clock, Log, Metrics, Timer, Transport } from '../ports.ts';
import { Presence } from '../presence.ts';
import { directProtocol, Link, readLink } from './link.ts';
import {
  gossipBytesMax,
  multiaddr,
  type Node,
  openNode,
  type PeerId,
  peerOf,
  type TopicValidatorFn,
  TopicValidatorResult,
} from './node.ts';

export interface Libp2pMember {
  readonly id: string;
  /** Ed25519, hex. */
  readonly publicKey: string;
  /** Where to find it, when that is known: `/dns4/eu-west/tcp/4001`. */
  readonly addresses: readonly string[];
}

export interface Libp2pTransportOptions {
  readonly federation: string;
  readonly self: string;
  /** Raw Ed25519 seed and public key, 64 bytes. */
  readonly privateKey: Uint8Array;
  readonly listen: readonly string[];
  readonly announce?: readonly string[];
  /** Those of the epoch in force; read at every connection. */
  members(): readonly Libp2pMember[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Listener = (from: string, bytes: Uint8Array) => void;
type DropReason = 'nobody' | 'queue-full' | 'too-large' | 'self' | 'lost' | 'not-connected';

const redialMinMs = 250;
const redialMaxMs = 10_000;
const dialMs = 5000;

export async function libp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const { members } = options;
  const node = await openNode({
    ...options,
    isMember: (peer) => members().some(({ publicKey }) => peerOf(publicKey).equals(peer)),
  });
  return Libp2pTransport.start(options, node);
}

class Libp2pTransport implements Transport {
  readonly self: string;
  readonly #o: Libp2pTransportOptions;
  readonly #node: Node;
  readonly #presence: Presence;
  readonly #links = new Map<string, Link>();
  /** How long to wait before dialling a member again, milliseconds. */
  readonly #backoff = new Map<string, number>();
  readonly #timers = new Set<Timer>();
  #listener: Listener = () => undefined;
  #isClosed = false;

  static async start(options: Libp2pTransportOptions, node: Node): Promise<Libp2pTransport> {
    const transport = new Libp2pTransport(options, node);
    await transport.#start();
    return transport;
  }

  private constructor(options: Libp2pTransportOptions, node: Node) {
    this.self = options.self;
    this.#o = options;
    this.#node = node;
    const { federation, self, clock, log, metrics } = options;
    const send = (bytes: Uint8Array) => this.#publish('presence', bytes);
    this.#presence = new Presence({ federation, self, clock, log, metrics, send });
  }

  send(to: string, bytes: Uint8Array): void {
    const refusal = this.#refusal(to, bytes);
    if (refusal !== null) this.#drop(refusal);
    else if (!this.#link(to)?.send(bytes)) this.#drop('queue-full');
  }

  broadcast(bytes: Uint8Array, kind: BroadcastKind): void {
    if (bytes.length <= gossipBytesMax) this.#publish(kind, new Uint8Array(bytes));
    else for (const { id } of this.#others()) this.send(id, bytes);
  }

  onMessage(listener: Listener): void {
    this.#listener = listener;
  }

  peers(): readonly string[] {
    if (this.#isClosed) return [];
    const connected = new Set(this.#node.getPeers().map(String));
    return this.#presence.peers().filter((id) => connected.has(String(this.#peerOf(id))));
  }

  standing() {
    const connected = this.#isClosed ? 0 : this.#node.getPeers().length;
    const refused = this.#presence.refused();
    const quarrel = refused.map(({ peer, reason }) => `${peer} is refused: ${reason}`).join('; ');
    return { connected: connected > 0, reason: quarrel || `connected to ${connected} peers` };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#presence.leave();
    // What was just published goes out in a later tick.
    await new Promise<void>((resolve) => this.#o.clock.setTimeout(resolve, 0));
    this.#isClosed = true;
    for (const timer of this.#timers) this.#o.clock.clearTimeout(timer);
    for (const link of this.#links.values()) link.close();
    await this.#node.stop();
  }

  async #start(): Promise<void> {
    const { pubsub } = this.#node.services;
    for (const kind of broadcastKinds) {
      const topic = this.#topic(kind);
      pubsub.topicValidators.set(topic, this.#validator(kind));
      pubsub.subscribe(topic);
    }
    await this.#node.handle(directProtocol, (stream, connection) => {
      const from = this.#memberOf(connection.remotePeer);
      if (from === null) return stream.abort(new Error('not a member'));
      void readLink(stream, (bytes) => this.#hear(from, bytes));
    });
    this.#node.addEventListener('peer:disconnect', ({ detail }) => this.#lost(detail));
    this.#node.addEventListener('peer:connect', ({ detail }) => this.#met(detail));
    this.#presence.start();
    for (const { id } of this.#others()) this.#dial(id);
  }

  /** Delivers in the validator: order of arrival is order of delivery. */
  #validator(kind: BroadcastKind): TopicValidatorFn {
    return (_peer, message) => {
      const author = message.type === 'signed' ? this.#memberOf(message.from) : null;
      if (author === null || message.data.length > gossipBytesMax) {
        this.#o.metrics.count('fabric_dropped_total', {
          reason: author === null ? 'not-a-member' : 'too-large',
        });
        return TopicValidatorResult.Reject;
      }
      if (kind === 'presence') this.#presence.hear(author, message.data);
      else if (!this.#presence.admits(author)) return TopicValidatorResult.Ignore;
      else this.#hear(author, message.data);
      return TopicValidatorResult.Accept;
    };
  }

  #hear(from: string, bytes: Uint8Array): void {
    if (this.#isClosed || from === this.self || !this.#presence.admits(from)) return;
    this.#listener(from, bytes);
  }

  #publish(kind: BroadcastKind, bytes: Uint8Array): void {
    if (this.#isClosed) {
      this.#drop('not-connected');
      return;
    }
    this.#node.services.pubsub.publish(this.#topic(kind), bytes).catch(() => {
      this.#drop('not-connected');
    });
  }

  #met(peer: PeerId): void {
    const id = this.#memberOf(peer);
    if (id !== null) this.#backoff.delete(id);
    this.#presence.start();
  }

  #lost(peer: PeerId): void {
    const id = this.#memberOf(peer);
    if (id === null || this.#isClosed) return;
    this.#links.get(id)?.close();
    this.#links.delete(id);
    this.#dialLater(id);
  }

  #dial(id: string): void {
    const member = this.#o.members().find((one) => one.id === id);
    if (!member || this.#isClosed || member.addresses.length === 0) return;
    const peer = peerOf(member.publicKey);
    if (this.#node.getConnections(peer).length > 0) return;
    const addresses = member.addresses.map((address) => multiaddr(`${address}/p2p/${peer}`));
    this.#node.dial(addresses, { signal: AbortSignal.timeout(dialMs) }).catch((error: unknown) => {
      this.#o.log.debug({ peer: id, reason: String(error) }, 'not reached');
      this.#dialLater(id);
    });
  }

  #dialLater(id: string): void {
    const waitMs = Math.min(redialMaxMs, (this.#backoff.get(id) ?? redialMinMs / 2) * 2);
    this.#backoff.set(id, waitMs);
    const timer = this.#o.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#dial(id);
    }, waitMs);
    this.#timers.add(timer);
  }

  #refusal(to: string, bytes: Uint8Array): DropReason | null {
    if (this.#isClosed) return 'not-connected';
    if (to === this.self) return 'self';
    if (bytes.length > messageBytesMax) return 'too-large';
    return this.#peerOf(to) === null ? 'nobody' : null;
  }

  #link(to: string): Link | null {
    const known = this.#links.get(to);
    const peer = this.#peerOf(to);
    if (known || !peer) return known ?? null;
    const link = new Link(this.#node, peer, (count) => {
      for (let lost = 0; lost < count; lost += 1) this.#drop('lost');
    });
    this.#links.set(to, link);
    return link;
  }

  #others(): readonly Libp2pMember[] {
    return this.#o.members().filter(({ id }) => id !== this.self);
  }

  #peerOf(id: string): PeerId | null {
    const member = this.#others().find((one) => one.id === id);
    return member ? peerOf(member.publicKey) : null;
  }

  #memberOf(peer: PeerId): string | null {
    return this.#o.members().find((one) => peerOf(one.publicKey).equals(peer))?.id ?? null;
  }

  #topic(kind: BroadcastKind): string {
    return broadcastSubject(this.#o.federation, 'all', kind);
  }

  #drop(reason: DropReason): void {
    this.#o.metrics.count('fabric_not_sent_total', { reason });
  }
}
