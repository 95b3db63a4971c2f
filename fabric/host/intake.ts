/**
 * What peers have sent and the ballots have not looked at yet: one bounded queue a peer.
 *
 * A peer that floods fills its own queue and nobody else's, and a turn takes from every peer in
 * its turn, within a bound on bytes each: so a flood costs the flooder's share of each turn and
 * no more. A peer whose messages keep failing their checks is not listened to for a while, twice
 * as long each time: checking signatures is the most expensive thing a stranger can ask for.
 */
import type { Clock, Metrics } from '#fabric/ports.ts';

export interface Arrival {
  readonly from: string;
  readonly bytes: Uint8Array;
}

export interface IntakeOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface Peer {
  readonly waiting: Uint8Array[];
  bytes: number;
  /** Faults since the last quiet time. */
  faults: number;
  mutedUntil: number;
  mutedMs: number;
}

/** Four of the largest messages. */
const peerBytesMax = 16 * 1024 * 1024;
const peerMessagesMax = 4096;
/** What one peer may add to a turn: a full message, or many small ones. */
const turnBytesMax = 4 * 1024 * 1024;
const turnMessagesMax = 256;
/** Names that are no members are dropped further on; they must not grow the map. */
const peersMax = 256;
/** An honest peer has none but around a change of epoch. */
const faultsMax = 64;
const mutedMinMs = 1000;
const mutedMaxMs = 60_000;

export class Intake {
  readonly #o: IntakeOptions;
  readonly #peers = new Map<string, Peer>();
  #size = 0;

  constructor(options: IntakeOptions) {
    this.#o = options;
  }

  get size(): number {
    return this.#size;
  }

  /** False when the message was dropped. */
  offer(from: string, bytes: Uint8Array): boolean {
    const peer = this.#peer(from);
    if (!peer || this.#o.clock.now() < peer.mutedUntil) return this.#drop('muted');
    const isFull =
      peer.waiting.length >= peerMessagesMax || peer.bytes + bytes.length > peerBytesMax;
    if (isFull) return this.#drop('queue-full');
    peer.waiting.push(bytes);
    peer.bytes += bytes.length;
    this.#size += 1;
    return true;
  }

  /** What the next turn looks at: each peer's share, in the order sent. */
  take(): readonly Arrival[] {
    const taken: Arrival[] = [];
    for (const [from, peer] of this.#peers) {
      let bytes = 0;
      let count = 0;
      for (const message of peer.waiting) {
        if (count > 0 && (bytes + message.length > turnBytesMax || count >= turnMessagesMax)) break;
        bytes += message.length;
        count += 1;
        taken.push({ from, bytes: message });
      }
      peer.waiting.splice(0, count);
      peer.bytes -= bytes;
      this.#size -= count;
    }
    return taken;
  }

  /** A check failed on something the peer sent. */
  blame(from: string): void {
    const peer = this.#peer(from);
    if (!peer) return;
    peer.faults += 1;
    if (peer.faults < faultsMax) return;
    const now = this.#o.clock.now();
    // Quiet for as long as it was muted: it begins anew.
    const isRelapse = peer.mutedMs > 0 && now < peer.mutedUntil + peer.mutedMs;
    peer.mutedMs = isRelapse ? Math.min(mutedMaxMs, peer.mutedMs * 2) : mutedMinMs;
    peer.mutedUntil = now + peer.mutedMs;
    peer.faults = 0;
    this.#size -= peer.waiting.length;
    peer.waiting.length = 0;
    peer.bytes = 0;
    this.#o.metrics.count('fabric_peers_muted_total');
  }

  #peer(from: string): Peer | null {
    const known = this.#peers.get(from);
    if (known || this.#peers.size >= peersMax) return known ?? null;
    const peer = { waiting: [], bytes: 0, faults: 0, mutedUntil: 0, mutedMs: 0 };
    this.#peers.set(from, peer);
    return peer;
  }

  #drop(reason: string): false {
    this.#o.metrics.count('fabric_dropped_total', { reason });
    return false;
  }
}
