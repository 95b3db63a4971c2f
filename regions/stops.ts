/**
 * Stops: pause, abort, emergency-stop. One signature of a stop key is enough, at every autonomy
 * level, in every partition (invariant I21).
 *
 * A stop acts first and owes its audit entry: the executor hears of it before the store does.
 * It names a scope (one target or the whole tenant) and a generation, and is refused only below
 * the generation that a certified `resume` has raised the scope to.
 *
 *   stop/<tenant>/<nonce>        the envelope
 *   generation/<tenant or target>  what `resume` raised it to
 */

import type { StoreOp } from '#fabric/ports.ts';
import { digestOf, fromUtf8, toHex, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { openDocument, signEnvelope } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { RegionContext } from './context.ts';
import type { Caller } from './node.ts';

export type StopRequest = Pick<Stop, 'action' | 'reason'> & { readonly target?: string };

/** Stops kept a tenant; older ones are behind a newer one of the same scope. */
const stopsPerTenantMax = 1000;

export class Stops {
  readonly #c: RegionContext;
  readonly #act: (stop: Stop) => void;
  readonly #known = new Map<string, { readonly stop: Stop; readonly envelope: Envelope }>();
  readonly #generations = new Map<string, number>();

  constructor(context: RegionContext, act: (stop: Stop) => void) {
    this.#c = context;
    this.#act = act;
  }

  /** Reads the stops back; the caller tells the executors before anything else. */
  async open(): Promise<void> {
    const { store } = this.#c.ports;
    for await (const [key, bytes] of store.scan({ prefix: 'generation/' })) {
      this.#generations.set(key.slice('generation/'.length), Number(fromUtf8(bytes)));
    }
    for await (const [, bytes] of store.scan({ prefix: 'stop/' })) {
      const envelope = JSON.parse(fromUtf8(bytes)) as Envelope;
      const opened = openDocument(envelope, 'stop', this.#c.ports.verifier);
      if (opened.ok) this.#known.set(opened.document.nonce, { stop: opened.document, envelope });
    }
  }

  /** The stops in force: those that no `resume` has lifted. */
  inForce(tenant: string): readonly Stop[] {
    return [...this.#known.values()]
      .map(({ stop }) => stop)
      .filter(
        (stop) => stop.tenant === tenant && stop.generation >= this.generationOf(scope(stop)),
      );
  }

  /** Whether a stop in force covers the target: what is held waits for people to resume it. */
  holds(tenant: string, target: string): boolean {
    return this.inForce(tenant).some((stop) => (stop.target ?? target) === target);
  }

  /** Nonces of the stops in force, newest first. */
  known(): readonly string[] {
    return this.#inForceAnywhere()
      .map(({ stop }) => stop.nonce)
      .toReversed();
  }

  /** For a peer that may have missed some. */
  beyond(nonces: readonly string[]): readonly Envelope[] {
    const named = new Set(nonces);
    return this.#inForceAnywhere()
      .filter(({ stop }) => !named.has(stop.nonce))
      .map(({ envelope }) => envelope);
  }

  /** Every scope that a resume has raised. */
  generations(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#generations);
  }

  generationOf(scopeName: string): number {
    return this.#generations.get(scopeName) ?? 0;
  }

  /** Signs with the region's stop key for an authorised caller, acts, and records. */
  async order(caller: Caller, request: StopRequest): Promise<Stop> {
    const { clock, random, signer } = this.#c.ports;
    const target = request.target ? { target: request.target } : {};
    const stop: Stop = {
      type: 'stop/1',
      federation: this.#c.federation,
      tenant: caller.tenant,
      action: request.action,
      ...target,
      generation: this.generationOf(request.target ?? caller.tenant),
      reason: request.reason,
      by: caller.subject,
      at: new Date(clock.now()).toISOString(),
      nonce: toHex(random.bytes(32)),
    };
    const envelope = signEnvelope('stop', canonicalBytes(stop), [signer]);
    if (!this.#mayStop(signer.publicKey, stop)) {
      throw new QuorateError('forbidden', 'this region holds no stop key for the tenant');
    }
    await this.#take(stop, envelope);
    this.#c.host().publish(envelope);
    return stop;
  }

  async receive(envelope: Envelope): Promise<void> {
    const opened = openDocument(envelope, 'stop', this.#c.ports.verifier);
    const reason = opened.ok ? this.#refusal(opened.document, opened.signers) : 'bad-document';
    if (!opened.ok || reason) {
      this.#c.ports.metrics.count('fabric_dropped_total', { reason: reason ?? 'bad-document' });
      return;
    }
    await this.#take(opened.document, envelope);
  }

  /** A certified `resume` was enacted: stops below the generation are lifted. */
  lift(scopeName: string, generation: number): readonly StoreOp[] {
    this.#generations.set(scopeName, Math.max(generation, this.generationOf(scopeName)));
    return [{ put: `generation/${scopeName}`, value: utf8(String(this.generationOf(scopeName))) }];
  }

  #inForceAnywhere(): readonly { readonly stop: Stop; readonly envelope: Envelope }[] {
    return [...this.#known.values()].filter(
      ({ stop }) => stop.generation >= this.generationOf(scope(stop)),
    );
  }

  #refusal(stop: Stop, signers: readonly string[]): string | null {
    if (stop.federation !== this.#c.federation) return 'foreign';
    if (!signers.some((key) => this.#mayStop(key, stop))) return 'not-a-stop-key';
    return stop.generation < this.generationOf(scope(stop)) ? 'old-stop' : null;
  }

  #mayStop(publicKey: string, stop: Stop): boolean {
    return this.#c.constitution.roster.stopKeys.some(
      (key) => key.publicKey === publicKey && key.tenants.includes(stop.tenant),
    );
  }

  async #take(stop: Stop, envelope: Envelope): Promise<void> {
    if (this.#known.has(stop.nonce)) return;
    this.#known.set(stop.nonce, { stop, envelope });
    this.#act(stop);
    const ops: StoreOp[] = [
      { put: `stop/${stop.tenant}/${stop.nonce}`, value: utf8(JSON.stringify(envelope)) },
    ];
    for (const old of this.#excess(stop.tenant)) {
      this.#known.delete(old.nonce);
      ops.push({ del: `stop/${old.tenant}/${old.nonce}` });
    }
    await this.#c.ledger.commit(
      [
        {
          step: 'stop',
          actor: `person:${stop.by}`,
          tenant: stop.tenant,
          ...(stop.target && { target: stop.target }),
          reason: stop.reason || stop.action,
          facts: { action: stop.action, generation: stop.generation, nonce: stop.nonce },
          digests: { stop: digestOf(canonicalBytes(stop)) },
        },
      ],
      ops,
    );
  }

  #excess(tenant: string): readonly Stop[] {
    const own = [...this.#known.values()].map(({ stop }) => stop);
    const ofTenant = own.filter((stop) => stop.tenant === tenant);
    return ofTenant.slice(0, Math.max(0, ofTenant.length - stopsPerTenantMax));
  }
}

function scope(stop: Stop): string {
  return stop.target ?? stop.tenant;
}
