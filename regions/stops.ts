/**
 * Stops: pause, abort, emergency-stop. One signature of a stop key is enough, at every autonomy
 * level, in every partition (invariant I21).
 *
 * A stop acts first and owes its audit entry: the executor hears of it before the store does.
 * It names a scope (one target or the whole tenant) and a generation, and holds every target in
 * scope whose own generation is not above it. A certified `resume` raises the generation of one
 * target; a stop that no target can be held by any more is refused.
 *
 *   stop/<tenant>/<nonce>        the envelope
 */

import type { StoreOp } from '#fabric/ports.ts';
import { digestOf, fromUtf8, toHex, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { openDocument, signEnvelope } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import { tenantOf } from '#protocols/ids.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { RegionContext } from './context.ts';
import type { Caller } from './node.ts';

export type StopRequest = Pick<Stop, 'action' | 'reason'> & { readonly target?: string };

/** Stops kept a tenant, far more than anybody gives; those not in force go first. */
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
    for (const { instance, manifest, enactment } of this.#c.decisions.all()) {
      if (manifest?.action.kind !== 'resume' || enactment?.document.outcome !== 'enacted') continue;
      this.lift(instance.target, manifest.action.generation);
    }
    for await (const [, bytes] of store.scan({ prefix: 'stop/' })) {
      const envelope = JSON.parse(fromUtf8(bytes)) as Envelope;
      const opened = openDocument(envelope, 'stop', this.#c.ports.verifier);
      if (opened.ok) this.#known.set(opened.document.nonce, { stop: opened.document, envelope });
    }
  }

  /** The stops in force: those that no `resume` has lifted. */
  inForce(tenant: string): readonly Stop[] {
    return this.#inForceAnywhere()
      .map(({ stop }) => stop)
      .filter((stop) => stop.tenant === tenant);
  }

  /** Whether a stop in force covers the target: what is held waits for people to resume it. */
  holds(tenant: string, target: string): boolean {
    return this.inForce(tenant).some(
      (stop) => (stop.target ?? target) === target && stop.generation >= this.generationOf(target),
    );
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

  /** Every target that a resume has raised. */
  generations(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#generations);
  }

  generationOf(target: string): number {
    return this.#generations.get(target) ?? 0;
  }

  /** Signs with the region's stop key for an authorised caller, acts, and records. */
  async order(caller: Caller, request: StopRequest): Promise<Stop> {
    const { clock, random, signer } = this.#c.ports;
    const target = request.target ? { target: request.target } : {};
    const scope = { tenant: caller.tenant, ...target };
    const stop: Stop = {
      type: 'stop/1',
      federation: this.#c.federation,
      tenant: caller.tenant,
      action: request.action,
      ...target,
      // High enough for every target in scope, whichever of them was resumed before.
      generation: Math.max(0, ...this.#targetsIn(scope).map((one) => this.generationOf(one))),
      reason: request.reason,
      by: caller.subject,
      at: new Date(clock.now()).toISOString(),
      nonce: toHex(random.bytes(32)),
    };
    if (!isOwnTarget(stop)) {
      throw new QuorateError('not-found', 'the tenant has no such target', { field: 'target' });
    }
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

  /** A certified `resume` was enacted, as is on record: it lifts stops below its generation. */
  lift(target: string, generation: number): void {
    this.#generations.set(target, Math.max(generation, this.generationOf(target)));
  }

  #inForceAnywhere(): readonly { readonly stop: Stop; readonly envelope: Envelope }[] {
    return [...this.#known.values()].filter(({ stop }) => this.#isInForce(stop));
  }

  #isInForce(stop: Stop): boolean {
    const targets = this.#targetsIn(stop);
    return targets.some((target) => stop.generation >= this.generationOf(target));
  }

  #targetsIn({ tenant, target }: Pick<Stop, 'tenant' | 'target'>): readonly string[] {
    if (target !== undefined) return [target];
    const known = this.#c.constitution.policy.tenants.find(({ id }) => id === tenant);
    return (known?.targets ?? []).map((registered) => registered.target);
  }

  #refusal(stop: Stop, signers: readonly string[]): string | null {
    if (stop.federation !== this.#c.federation) return 'foreign';
    if (!signers.some((key) => this.#mayStop(key, stop))) return 'not-a-stop-key';
    if (!isOwnTarget(stop)) return 'foreign-target';
    return this.#isInForce(stop) ? null : 'old-stop';
  }

  #mayStop(publicKey: string, stop: Stop): boolean {
    return this.#c.constitution.roster.stopKeys.some(
      (key) => key.publicKey === publicKey && key.tenant === stop.tenant,
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
    // Lifted ones first, then the oldest.
    const dispensable = ofTenant.toSorted(
      (a, b) => Number(this.#isInForce(a)) - Number(this.#isInForce(b)),
    );
    return dispensable.slice(0, Math.max(0, ofTenant.length - stopsPerTenantMax));
  }
}

function isOwnTarget({ tenant, target }: Pick<Stop, 'tenant' | 'target'>): boolean {
  return target === undefined || tenantOf(target) === tenant;
}
