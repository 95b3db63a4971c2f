/**
 * What this region knows of the other members: when it last heard of each, and what its newest
 * digest said. For people who ask how the federation is; no decision depends on it.
 *
 * Whoever is silent is only known to be silent: how long is too long, the reader says.
 */
import type { Clock } from '#fabric/ports.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { epochOfVersion, journalTarget, versionOf } from '#protocols/ids.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import type { DigestMessage } from '#protocols/messages/fabric.ts';
import { digestTargetsMax } from './catch-up.ts';
import type { Instances } from './instances.ts';

export interface PeerView {
  readonly id: string;
  /** Milliseconds by this node's clock; null when it was not heard since the start. */
  readonly heardAt: number | null;
  /** Certificates that we hold and it does not, as last heard; null when it did not say. */
  readonly lag: number | null;
  /** Why it is not ready, in its own words or ours; empty when it is. */
  readonly unready: string;
}

export interface PeersOptions {
  readonly self: string;
  epoch(): Epoch;
  readonly clock: Clock;
  readonly instances: Instances;
}

interface Said {
  readonly lag: number | null;
  readonly unready: string;
  /** Certificates held here when it said so: what came since, a silent member lacks too. */
  readonly heldThen: number;
}

export class Peers {
  readonly #o: PeersOptions;
  /** Only members of the epoch in force get this far. */
  readonly #heardAt = new Map<string, number>();
  readonly #said = new Map<string, Said>();

  constructor(options: PeersOptions) {
    this.#o = options;
  }

  heard(member: string): void {
    this.#heardAt.set(member, this.#o.clock.now());
  }

  onDigest({ from, heads, unready, signatureRule: theirs }: DigestMessage): void {
    // So many targets that one digest names only a part of them: nobody knows the rest.
    const isPart = heads.length >= digestTargetsMax;
    const heldThen = this.#held();
    const shared = heads.reduce((sum, head) => sum + this.#shared(head), 0);
    this.#said.set(from, {
      lag: isPart ? null : heldThen - shared,
      unready: theirs === signatureRule ? (unready ?? '') : 'accepts other signatures than we do',
      heldThen,
    });
  }

  /** Every other member of the epoch; `silentMs` is how long one may say nothing. */
  view(silentMs: number): readonly PeerView[] {
    const others = this.#o.epoch().members.filter(({ id }) => id !== this.#o.self);
    return others.map(({ id }) => {
      const heardAt = this.#heardAt.get(id) ?? null;
      const said = this.#said.get(id);
      const isSilent = heardAt === null || this.#o.clock.now() - heardAt > silentMs;
      const missed = said && isSilent ? Math.max(0, this.#held() - said.heldThen) : 0;
      const lag = said?.lag === undefined || said.lag === null ? null : said.lag + missed;
      return { id, heardAt, lag, unready: said?.unready ?? '' };
    });
  }

  #held(): number {
    let sum = 0;
    for (const [target, { version }] of this.#o.instances.heads()) sum += countOf(target, version);
    return sum;
  }

  /** How many of our certificates of a target a member has that holds them up to a version. */
  #shared({ target, version }: DigestMessage['heads'][number]): number {
    const ours = this.#o.instances.headVersion(target);
    if (target === journalTarget || ours === 0) return Math.min(ours, version);
    // Versions of an older epoch are before every one of ours.
    if (epochOfVersion(version) < epochOfVersion(ours)) return 0;
    return countOf(target, Math.min(ours, version));
  }
}

/** Certificates of the version's epoch up to it. */
function countOf(target: string, version: number): number {
  if (target === journalTarget) return version;
  return version - versionOf(epochOfVersion(version), 1) + 1;
}
