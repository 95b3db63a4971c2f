/**
 * The relay: carries what one agent says to those who must hear it, durable in between.
 *
 * Agents emit wishes; the relay writes the audit entry and the fact in one batch and only then
 * tells the next agent, the ballots or the other regions (invariant I20). One emitted event at a
 * time per tenant, in the order emitted.
 *
 *   signal/<tenant>/<signal id>   risk/<tenant>/<risk id>   risk-now/<tenant>   closed/<target>
 */
import type { AgentEmitted, ClosedAs, EnactmentResult, GovernanceEmitted } from '#agents/events.ts';
import type { StoreOp } from '#fabric/ports.ts';
import { required } from '#protocols/assert.ts';
import { digestOf, fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Instance } from '#protocols/ids.ts';
import type { AuditDraft } from '#protocols/messages/audit.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { ActionKind, Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import type { RegionContext, Tell } from './context.ts';
import { needsPeople, putFact } from './decisions.ts';
import type { Documents } from './documents.ts';

/** How the newest decision of a target ended; `at` is event time in ms. */
interface Closed {
  readonly instance: Instance;
  readonly outcome: ClosedAs;
  readonly action: ActionKind | null;
  readonly at: number;
}

/** Signals older than this weigh next to nothing (agents/scorer/risk.ts). */
const evidenceMs = 24 * 3_600_000;

export class Relay {
  readonly #c: RegionContext;
  readonly #tell: Tell;
  readonly #documents: Documents;
  /** The newest risk of each tenant. */
  readonly #risks = new Map<string, Risk>();

  constructor(context: RegionContext, tell: Tell, documents: Documents) {
    this.#c = context;
    this.#tell = tell;
    this.#documents = documents;
  }

  risk(tenant: string): Risk | null {
    return this.#risks.get(tenant) ?? null;
  }

  async carry(tenant: string, said: AgentEmitted): Promise<void> {
    switch (said.type) {
      case 'signal':
        return this.#signal(said.signal);
      case 'risk':
        return this.#risk(said.risk);
      case 'judgement':
        this.#tell(tenant, 'negotiator', { ...said, type: 'judgement.recorded' });
        return;
      case 'candidate':
        return this.#candidate(said.manifest, said.judgement);
      case 'verdict':
        return this.#verdict(said);
      case 'dry-run':
        return this.#documents.recordDryRun(said.dryRun);
      case 'enactment':
        return this.#enactment(said.enactment);
      case 'gate':
      case 'release':
      case 'close':
      case 'alert':
        return this.#govern(tenant, said);
    }
  }

  async #signal(signal: Signal): Promise<void> {
    const { signalId, tenant, service } = signal;
    const isKnown = this.#c.ledger.seqsOf(signalId).length > 0;
    if (!isKnown) {
      this.#c.ports.metrics.count('signals_total');
      await this.#commit(
        {
          step: 'signal',
          actor: 'agent:observer',
          tenant,
          target: `${tenant}/${service}`,
          reason: signal.hint,
          facts: {
            signalId,
            metric: signal.metric,
            severity: signal.severity,
            score: signal.score,
            at: signal.at,
          },
          digests: { signal: digestOf(canonicalBytes(signal)) },
        },
        [{ put: `signal/${tenant}/${signalId}`, value: canonicalBytes(signal) }],
      );
    }
    this.#tell(tenant, 'scorer', { type: 'signal.recorded', signal });
  }

  async #risk(risk: Risk): Promise<void> {
    const { tenant, riskId } = risk;
    if (this.#c.ledger.seqsOf(riskId).length === 0) {
      const [top] = risk.contributions;
      const bytes = canonicalBytes(risk);
      await this.#commit(
        {
          step: 'risk',
          actor: 'agent:scorer',
          tenant,
          reason: top ? `${top.service}: ${top.factor}` : 'nothing stands out',
          facts: { riskId, overall: risk.overall, severity: risk.severity, at: risk.at },
          digests: { risk: digestOf(bytes) },
        },
        [
          { put: `risk/${tenant}/${riskId}`, value: bytes },
          { put: `risk-now/${tenant}`, value: bytes },
        ],
      );
    }
    this.#risks.set(tenant, risk);
    this.#tell(tenant, 'negotiator', { type: 'risk.recorded', risk });
  }

  async #candidate(manifest: Manifest, judgement: Judgement): Promise<void> {
    const instance = instanceOf(manifest);
    const bytes = canonicalBytes(manifest);
    const result = await this.#c.host().putForward({ instance, bytes, judgement, counter: false });
    if (result.ok) return;
    this.#c.ports.log.info(
      { target: instance.target, reason: result.reason },
      'candidate not put forward',
    );
    // Told, not kept: how the last decision of the target ended is still what counts.
    this.#tellClosed({ instance, outcome: 'void', action: null, at: this.#c.eventTime() });
  }

  async #verdict(said: Extract<AgentEmitted, { type: 'verdict' }>): Promise<void> {
    const { instance, value, judgement, counter } = said;
    if (!counter) return this.#c.host().judged(instance, value, judgement);
    const bytes = canonicalBytes(counter);
    const own = {
      ...judgement,
      verdict: 'accept' as const,
      confidence: counter.confidence,
      reasons: [counter.rationale.slice(0, 200)],
    };
    this.#c.host().judged(instance, value, { ...judgement, counter: digestOf(bytes) });
    await this.#c.host().putForward({ instance, bytes, judgement: own, counter: true });
  }

  async #enactment(result: EnactmentResult): Promise<void> {
    const entries = await this.#c.ledger.entriesOf(result.decisionId);
    const intent = entries.find(({ step }) => step === 'intent');
    const endedAt = new Date(this.#c.ports.clock.now()).toISOString();
    const times = intent ? { startedAt: intent.at, endedAt } : { endedAt };
    return this.#documents.recordEnactment({ ...result, ...times });
  }

  async #govern(tenant: string, said: GovernanceEmitted): Promise<void> {
    const now = this.#c.ports.clock.now();
    switch (said.type) {
      case 'gate': {
        const { decision, missing, expiresAt } = said;
        const { decisionId, instance } = decision;
        const known = this.#c.decisions.get(decisionId)?.gate;
        const digest = digestOf(canonicalBytes({ missing }));
        if (known && digestOf(canonicalBytes({ missing: known.missing })) === digest) return;
        const waiting = needsPeople(missing);
        const fact = { kind: 'gate', missing, expiresAt } as const;
        await this.#commit(
          {
            step: 'gate',
            actor: 'agent:governance',
            ...instance,
            decisionId,
            reason: waiting ? missing.reasons.join('; ') : 'policy asks nobody',
            facts: { waiting, expiresAt: new Date(expiresAt).toISOString() },
            digests: { gate: digest },
          },
          [putFact(decisionId, fact, now)],
        );
        this.#c.decisions.learn(decisionId, fact, now);
        return;
      }
      case 'release':
        return this.#release(tenant, said, now);
      case 'close': {
        const { decisionId } = said.decision;
        const { outcome, reason } = said;
        this.#tell(tenant, 'executor', { type: 'decision.closed', decisionId, outcome, reason });
        return;
      }
      case 'alert':
        this.#c.ports.metrics.count('policy_alerts_total', { policy: said.policy });
        return this.#commit(
          {
            step: 'policy-alert',
            actor: 'agent:governance',
            tenant,
            reason: said.reason,
            facts: { policy: said.policy, subject: said.subject },
            digests: {},
          },
          [],
        );
    }
  }

  async #release(
    tenant: string,
    { decision, approvers }: Extract<GovernanceEmitted, { type: 'release' }>,
    now: number,
  ): Promise<void> {
    const { decisionId, instance } = decision;
    if (!this.#c.decisions.get(decisionId)?.released) {
      const signedBy = this.#c.playbooks.get(decision.manifest.playbook.digest)?.signedBy ?? '';
      const reason =
        approvers.length > 0
          ? `approved by ${approvers.join(', ')}`
          : `automatic: ${signedBy} signed the playbook for it`;
      await this.#commit(
        {
          step: 'released',
          actor: 'agent:governance',
          ...instance,
          decisionId,
          reason,
          facts: { approvers: approvers.join(', '), playbookSignedBy: signedBy },
          digests: { playbook: decision.manifest.playbook.digest },
        },
        [putFact(decisionId, { kind: 'released' }, now)],
      );
      this.#c.decisions.learn(decisionId, { kind: 'released' }, now);
    }
    this.#tell(tenant, 'executor', { type: 'decision.released', decisionId });
  }

  /** Tells the negotiator that a target is free again, and keeps that for the next start. */
  async closed(instance: Instance, outcome: ClosedAs, manifest: Manifest | null): Promise<void> {
    const action = manifest?.action.kind ?? null;
    const closed: Closed = { instance, outcome, action, at: this.#c.eventTime() };
    this.#tellClosed(closed);
    const op = { put: `closed/${instance.target}`, value: canonicalBytes(closed) };
    await this.#c.ledger.commit([], [op]);
  }

  /** After a restart: cooldowns and open decisions are the negotiator's memory, not its luck. */
  async restore(): Promise<void> {
    const { store } = this.#c.ports;
    for await (const [, bytes] of store.scan({ prefix: 'closed/' })) {
      this.#tellClosed(JSON.parse(fromUtf8(bytes)) as Closed);
    }
    await this.#retellSignals();
    for await (const [, bytes] of store.scan({ prefix: 'risk-now/' })) {
      const risk = JSON.parse(fromUtf8(bytes)) as Risk;
      this.#risks.set(risk.tenant, risk);
    }
  }

  /** The evidence that still counts: without it a restarted region would judge like a blind one. */
  async #retellSignals(): Promise<void> {
    const since = this.#c.eventTime() - evidenceMs;
    const recent: Signal[] = [];
    for await (const [, bytes] of this.#c.ports.store.scan({ prefix: 'signal/' })) {
      const signal = JSON.parse(fromUtf8(bytes)) as Signal;
      if (Date.parse(signal.at) >= since) recent.push(signal);
    }
    for (const signal of recent.sort((a, b) => (a.at < b.at ? -1 : 1))) {
      this.#tell(signal.tenant, 'scorer', { type: 'signal.recorded', signal });
    }
  }

  #tellClosed(closed: Closed): void {
    this.#tell(closed.instance.tenant, 'negotiator', { type: 'decision.closed', ...closed });
  }

  async #commit(draft: AuditDraft, ops: readonly StoreOp[]): Promise<void> {
    await this.#c.ledger.commit([draft], ops);
  }
}

function instanceOf({ tenant, targets: [first] }: Manifest): Instance {
  return { tenant, ...required(first, 'a manifest names a target') };
}
