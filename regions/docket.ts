/**
 * The docket: brings every decision before the agents, and what they need to know of it.
 *
 * When a decision is certified, and again after a restart, the agents hear of it and of all that
 * is on record about it, in the order it happened; hearing it twice changes nothing. When it has
 * ended, the negotiator hears that the target is free and the receipt is issued.
 */
import type { Decided } from '#fabric/host/turn.ts';
import { abortValue, journalTarget } from '#protocols/ids.ts';
import { decisionOf, type RegionContext, type Tell } from './context.ts';
import type { DecisionRecord, StoredProposal } from './decisions.ts';
import type { Receipts } from './receipts.ts';
import type { Relay } from './relay.ts';
import type { Stops } from './stops.ts';

export interface DocketOptions {
  readonly context: RegionContext;
  readonly stops: Stops;
  readonly receipts: Receipts;
  relay(): Relay;
  /** For what must not be lost: a full mailbox is tried again. */
  readonly tell: Tell;
  /** Work begun by an event: a failure ends the process. */
  guard(work: Promise<unknown>): void;
  hasReceipt(decisionId: string): boolean;
  readonly onReceipt?: ((decisionId: string, bytes: Uint8Array) => Promise<void>) | undefined;
}

export class Docket {
  readonly #o: DocketOptions;
  readonly #c: RegionContext;

  constructor(options: DocketOptions) {
    this.#o = options;
    this.#c = options.context;
  }

  async onCandidate({ instance, value, counter }: StoredProposal): Promise<void> {
    if (instance.target === journalTarget) return;
    const { decisions, instances, ports } = this.#c;
    const body = await instances.body(value);
    decisions.propose({ instance, value, counter }, body ?? null, ports.clock.now());
  }

  onDecided({ certificate, body }: Decided): void {
    const { instance, value } = certificate;
    if (instance.target === journalTarget) {
      this.#c.constitution.apply(certificate, body);
      return;
    }
    const now = this.#c.ports.clock.now();
    const record = this.#c.decisions.decide(certificate, body, now);
    if (value === abortValue) {
      this.#o.guard(this.#o.relay().closed(instance, 'abort', null));
      if (this.#c.constitution.homeOf(instance.target) === this.#c.id) {
        this.#o.guard(this.#issueReceipt(record));
      }
      return;
    }
    this.resume(record);
  }

  /** Tells the agents of a certified decision and of everything already on record about it. */
  resume(record: DecisionRecord): void {
    const { manifest, instance, value, dryRun } = record;
    if (!manifest) return;
    const { tenant } = instance;
    const decision = decisionOf(this.#c, instance, value, manifest);
    this.#o.tell(tenant, 'governance', { type: 'decision.certified', decision });
    if (dryRun) {
      const left = (record.gate?.expiresAt ?? Number.POSITIVE_INFINITY) - this.#c.ports.clock.now();
      const ttl = Number.isFinite(left) ? { ttlLeftMs: Math.max(0, left) } : {};
      const { document } = dryRun;
      this.#o.tell(tenant, 'governance', {
        type: 'dry-run.recorded',
        dryRun: document,
        ...ttl,
      });
    }
    for (const { approval } of record.approvals) {
      const roles = this.#c.constitution.approver(approval.approver, manifest)?.roles ?? [];
      this.#o.tell(tenant, 'governance', { type: 'approval.recorded', approval, roles });
    }
    if (!decision.mine) return;
    if (record.intent && dryRun) {
      const found = { type: 'enactment.found', decision, dryRun: dryRun.document } as const;
      this.#o.tell(tenant, 'executor', found);
      return;
    }
    const known = dryRun ? { dryRun: dryRun.document } : {};
    this.#o.tell(tenant, 'executor', { type: 'decision.certified', decision, ...known });
  }

  onEnded(record: DecisionRecord): void {
    const { instance, manifest, enactment } = record;
    if (!enactment || !manifest) return;
    const { document } = enactment;
    const event = { type: 'enactment.recorded', enactment: document } as const;
    this.#o.tell(instance.tenant, 'governance', event);
    this.#o.guard(this.#o.relay().closed(instance, document.outcome, manifest));
    const { action } = manifest;
    if (action.kind === 'resume' && document.outcome === 'enacted') {
      this.#o.stops.lift(instance.target, action.generation);
    }
    if (manifest.executor === this.#c.id) this.#o.guard(this.#issueReceipt(record));
  }

  async #issueReceipt(record: DecisionRecord): Promise<void> {
    const bytes = await this.#o.receipts.of(record);
    if (bytes) await this.#o.onReceipt?.(record.decisionId, bytes);
  }

  /** A crash may have come between an outcome and its receipt. */
  async issueMissingReceipts(): Promise<void> {
    for (const record of this.#c.decisions.all()) {
      if (this.#o.hasReceipt(record.decisionId)) continue;
      const own = record.manifest
        ? record.manifest.executor === this.#c.id && record.enactment !== null
        : this.#c.constitution.homeOf(record.instance.target) === this.#c.id;
      const { certificate, instance, value } = record;
      if (own && certificate?.value === value && instance.target !== journalTarget) {
        await this.#issueReceipt(record);
      }
    }
  }

  tellStops(): void {
    for (const { id } of this.#c.constitution.policy.tenants) {
      for (const stop of this.#o.stops.inForce(id)) {
        this.#o.tell(id, 'executor', { type: 'stop.recorded', stop });
      }
    }
  }
}
