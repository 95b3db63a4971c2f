/**
 * Catch-up: gossip loses messages, so regions tell each other how far they have decided and
 * fetch what they lack (architecture 4.7).
 *
 * Every region broadcasts the newest certified version of each target on start and
 * periodically. Whoever is behind asks that peer for the certificates above its own, oldest
 * first; they are verified like any other. Only certificates move a target forward. Decisions
 * whose outcome a region does not know are named too, and answered with their documents; so are
 * the stops it knows, and answered with those it lacks.
 */

import type { Clock, Log, Metrics, Timer, Transport } from '#fabric/ports.ts';
import { toBase64, utf8 } from '#protocols/bytes.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { abortValue } from '#protocols/ids.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import {
  type DigestMessage,
  type FetchMessage,
  openDecisionsMax,
  stopsNamedMax,
  unreadyMax,
} from '#protocols/messages/fabric.ts';
import type { Instances } from './instances.ts';
import type { Reply } from './turn.ts';

export interface CatchUpOptions {
  readonly federation: string;
  readonly self: string;
  epoch(): Epoch;
  readonly limits: { readonly digestMs: number };
  readonly clock: Clock;
  readonly transport: Transport;
  readonly instances: Instances;
  openDecisions(): readonly string[];
  documentsOf(decisionId: string): readonly Envelope[];
  /** Nonces of the stops in force here, newest first. */
  stopsKnown(): readonly string[];
  /** The stops that a peer does not name. */
  stopsBeyond(known: readonly string[]): readonly Envelope[];
  /** Why this region is not ready, for the others to show; null when it is. */
  unready(): string | null;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Certificates one answer carries; the asker comes again for more. */
const answerMax = 64;
/** Targets one digest names; with more, each digest carries the next part. */
export const digestTargetsMax = 4096;

export class CatchUp {
  readonly #o: CatchUpOptions;
  #timer: Timer | null = null;
  #stopped = true;
  #from = 0;
  /** Targets asked for since the last digest: one question a target and interval. */
  readonly #asked = new Set<string>();

  constructor(options: CatchUpOptions) {
    this.#o = options;
  }

  start(): void {
    this.#stopped = false;
    this.#announce();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) this.#o.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  onDigest(message: DigestMessage, reply: Reply): void {
    if (message.signatureRule !== signatureRule) {
      this.#o.metrics.count('fabric_dropped_total', { reason: 'signature-rule' });
      this.#o.log.error(
        { peer: message.from, theirs: message.signatureRule, ours: signatureRule },
        'a peer accepts other signatures than we do',
      );
      return;
    }
    const behind = message.heads
      .filter(({ target, version }) => version > this.#o.instances.headVersion(target))
      .map(({ target }) => target);
    this.#ask(message.from, behind);
    reply.documents.push(...this.#o.stopsBeyond(message.stops).slice(0, answerMax));
    for (const decisionId of message.open) {
      if (reply.documents.length >= answerMax) return;
      reply.documents.push(...this.#o.documentsOf(decisionId));
    }
  }

  async onFetch(message: FetchMessage, reply: Reply): Promise<void> {
    for (const { target, version } of message.after) await this.answer(target, version + 1, reply);
  }

  /** Adds the certificates from a version on, with their bodies, to a reply. */
  async answer(target: string, version: number, reply: Reply): Promise<void> {
    if (reply.certificates.some((known) => known.instance.target === target)) return;
    const { instances } = this.#o;
    if (version > instances.headVersion(target)) return;
    for await (const certificate of instances.certificatesAfter(target, version - 1)) {
      if (reply.certificates.length >= answerMax) return;
      reply.certificates.push(certificate);
      const { value } = certificate;
      const bytes = value === abortValue ? undefined : await instances.body(value);
      if (bytes) reply.bodies.push({ digest: value, bytes: toBase64(bytes) });
    }
  }

  /** Asks one member, or all, for what follows our newest certificate of the target. */
  fetch(from: string | null, target: string): void {
    for (const peer of from ? [from] : this.#o.transport.peers()) this.#ask(peer, [target]);
  }

  #ask(peer: string, targets: readonly string[]): void {
    const fresh = targets.filter((target) => !this.#asked.has(`${peer} ${target}`));
    if (fresh.length === 0) return;
    for (const target of fresh) this.#asked.add(`${peer} ${target}`);
    const { federation, self, instances } = this.#o;
    const after = fresh.map((target) => ({ target, version: instances.headVersion(target) }));
    const message: FetchMessage = {
      type: 'fetch/1',
      federation,
      epoch: this.#o.epoch().epoch,
      from: self,
      after,
    };
    this.#o.transport.send(peer, utf8(JSON.stringify(message)));
  }

  #announce(): void {
    if (this.#stopped) return;
    this.#asked.clear();
    const all = [...this.#o.instances.heads()];
    if (this.#from >= all.length) this.#from = 0;
    const heads = all
      .slice(this.#from, this.#from + digestTargetsMax)
      .map(([target, { version }]) => ({ target, version }));
    this.#from += digestTargetsMax;
    const unready = this.#o.unready();
    const message: DigestMessage = {
      type: 'digest/1',
      federation: this.#o.federation,
      epoch: this.#o.epoch().epoch,
      from: this.#o.self,
      signatureRule,
      heads,
      stops: this.#o.stopsKnown().slice(0, stopsNamedMax),
      open: this.#o.openDecisions().slice(0, openDecisionsMax),
      ...(unready !== null && { unready: unready.slice(0, unreadyMax) }),
    };
    this.#o.transport.broadcast(utf8(JSON.stringify(message)), 'votes');
    this.#timer = this.#o.clock.setTimeout(() => this.#announce(), this.#o.limits.digestMs);
  }
}
