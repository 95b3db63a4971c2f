/**
 * What the executor asks of its region: dry-run, fence and intent, snapshot, apply, verify,
 * restore, probe. Each writes its facts and audit entry before it resolves, so the order of
 * durability is the order of the machine's states (architecture 4.4 and 4.6).
 *
 *   fence/<target>        the highest version ever accepted for the target
 *   before/<decision id>  the target's state before the act: what a rollback restores
 */
import type { Decision } from '#agents/events.ts';
import type {
  Applied,
  Probed,
  Restored,
  RestoreInput,
  Snapshot,
  Verified,
} from '#agents/executor/enactment.logic.ts';
import { enactOf, type IntentVerdict, isPast, judgeIntent } from '#agents/executor/plan.ts';
import { bindingOf, type Tally, tally } from '#agents/governance/approvals.ts';
import type { DryRunResult, StoreOp } from '#fabric/ports.ts';
import { required } from '#protocols/assert.ts';
import { fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { AuditDraft, AuditStep } from '#protocols/messages/audit.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import type { RegionContext } from './context.ts';
import { needsPeople, putFact } from './decisions.ts';

/** The highest version ever accepted for a target, and by which decision. */
interface Fence {
  readonly version: number;
  readonly decisionId: string;
}

export class Enactor {
  readonly #c: RegionContext;

  constructor(context: RegionContext) {
    this.#c = context;
  }

  async runDryRun(decision: Decision): Promise<DryRun> {
    const { manifest, instance, decisionId } = decision;
    const { driver, clock } = this.#c.ports;
    const observed = await driver.observe(instance.target);
    const result = observed ? await driver.dryRun(instance.target, manifest.action) : unknownTarget;
    return {
      type: 'dry-run/1',
      federation: this.#c.federation,
      instance,
      decisionId,
      executor: this.#c.id,
      verdict: result.ok ? 'pass' : 'fail',
      diff: [...result.diff],
      blastRadius: this.#blastRadius(decision),
      costDelta: result.costDelta,
      preState: observed ? stateDigest(observed, manifest.action.kind) : manifest.preState,
      reasons: [...result.reasons],
      at: new Date(clock.now()).toISOString(),
    };
  }

  /**
   * Fence, intent and approval nonces in one batch, if the decision may still start. In turn with
   * verdicts: one that is on its way to the disk counts, the next one comes after the intent.
   */
  prepare(decision: Decision): Promise<IntentVerdict> {
    return this.#c.inTurn.run(decision.decisionId, () => this.#prepare(decision));
  }

  async #prepare(decision: Decision): Promise<IntentVerdict> {
    const { instance, decisionId } = decision;
    const clock = this.#c.ports.clock.now();
    const highestPersisted = (await this.#read<number>(timeKey)) ?? 0;
    const now = Math.max(clock, highestPersisted);
    const fence = await this.#read<Fence>(`fence/${instance.target}`);
    const { missing, denial, counted } = this.#tally(decision, now);
    const verdict = judgeIntent({
      decision,
      clock,
      highestPersisted,
      policyHash: this.#c.constitution.policyHash,
      rosterHash: this.#c.constitution.rosterHash,
      acceptedVersion: fence?.version ?? 0,
      acceptedBy: fence?.decisionId ?? null,
      isApproved: !needsPeople(missing),
      isDenied: denial !== null,
    });
    if (!verdict.ok) return verdict;
    const accepted: Fence = { version: instance.version, decisionId };
    await this.#commit(decision, {
      step: 'intent',
      reason: 'fence and intent are durable; the act may begin',
      facts: {
        approvers: counted.map(({ approval }) => approval.approver).join(', '),
        nonces: counted.map(({ approval }) => approval.nonce.slice(0, 16)).join(', '),
      },
      digests: { manifest: decision.digest },
      ops: [
        { put: `fence/${instance.target}`, value: canonicalBytes(accepted) },
        { put: timeKey, value: canonicalBytes(now) },
        putFact(decisionId, { kind: 'intent' }, now),
      ],
    });
    this.#c.decisions.learn(decisionId, { kind: 'intent' }, now);
    return verdict;
  }

  async takeSnapshot(decision: Decision): Promise<Snapshot> {
    const state = await this.#observe(decision);
    const preState = stateDigest(state, decision.manifest.action.kind);
    await this.#commit(decision, {
      step: 'pre-state',
      reason: 'the state before the act, restorable',
      facts: {},
      digests: { preState },
      ops: [{ put: `before/${decision.decisionId}`, value: canonicalBytes(state) }],
    });
    return { preState, state };
  }

  async applyAction(decision: Decision): Promise<Applied> {
    const clock = this.#c.ports.clock.now();
    const highestPersisted = (await this.#read<number>(timeKey)) ?? 0;
    if (isPast(decision.manifest.notAfter, { clock, highestPersisted })) return 'expired';
    const result = await this.#c.ports.driver.apply(enactOf(decision));
    await this.#commit(decision, {
      step: 'applied',
      reason: `the driver says: ${result}`,
      facts: { driver: this.#c.ports.driver.name, action: decision.manifest.action.kind, result },
      digests: { manifest: decision.digest },
      ops: [],
    });
    return result;
  }

  async verifyTarget(decision: Decision): Promise<Verified> {
    const { driver } = this.#c.ports;
    const result = await driver.verify(decision.instance.target, decision.manifest.action);
    const postState = await this.#recordPostState(decision, 'post-state', {
      ok: result.ok,
      reason: result.ok ? 'the target is as it should be' : result.reasons.join('; '),
    });
    return { ...result, postState };
  }

  async restoreTarget({ decision, before }: RestoreInput): Promise<Restored> {
    await this.#c.ports.driver.restore(enactOf(decision), before);
    const postState = await this.#recordPostState(decision, 'restored', {
      ok: true,
      reason: 'the state before the act is back',
    });
    return { postState };
  }

  /** After a crash: what became of it, asked of the target, never guessed. */
  async probeTarget(decision: Decision): Promise<Probed> {
    const { driver } = this.#c.ports;
    const result = await driver.probe(decision.instance.target, decision.decisionId);
    const before = await this.#read<TargetState>(`before/${decision.decisionId}`);
    return { applied: result === 'applied', before };
  }

  async #recordPostState(
    decision: Decision,
    step: AuditStep,
    outcome: { readonly ok: boolean; readonly reason: string },
  ): Promise<string> {
    const state = await this.#observe(decision);
    const postState = stateDigest(state, decision.manifest.action.kind);
    await this.#commit(decision, {
      step,
      reason: outcome.reason,
      facts: { ok: outcome.ok },
      digests: { postState },
      ops: [],
    });
    return postState;
  }

  async #observe({ instance }: Decision): Promise<TargetState> {
    const state = await this.#c.ports.driver.observe(instance.target);
    if (state) return state;
    throw new QuorateError('unavailable', `the driver knows no target ${instance.target}`);
  }

  #tally(decision: Decision, now: number): Tally {
    const record = this.#c.decisions.get(decision.decisionId);
    const approvals = (record?.approvals ?? []).flatMap(({ approval }) => {
      const person = this.#c.constitution.approver(approval.approver, decision.manifest);
      return person ? [{ approval, roles: person.roles }] : [];
    });
    const dryRun = required(record?.dryRun, 'a released decision has a dry-run').document;
    const facts = {
      gate: decision.manifest.gate,
      binding: bindingOf(decision, dryRun),
      submittedBy: decision.submittedBy ?? null,
      at: now,
      usedNonces: [],
    };
    return tally(facts, approvals);
  }

  async #read<T>(key: string): Promise<T | null> {
    const bytes = await this.#c.ports.store.get(key);
    return bytes ? (JSON.parse(fromUtf8(bytes)) as T) : null;
  }

  /** The share of the tenant's services that the manifest touches. */
  #blastRadius({ manifest }: Decision): number {
    const tenant = this.#c.constitution.policy.tenants.find(({ id }) => id === manifest.tenant);
    const registered = required(tenant, 'a certified manifest has a registered tenant').targets;
    return Math.min(1, manifest.targets.length / Math.max(1, registered.length));
  }

  async #commit(
    { instance, decisionId }: Decision,
    entry: Pick<AuditDraft, 'step' | 'reason' | 'facts' | 'digests'> & {
      readonly ops: readonly StoreOp[];
    },
  ): Promise<void> {
    const { ops, ...draft } = entry;
    const about = { actor: 'agent:executor', ...instance, decisionId } as const;
    await this.#c.ledger.commit([{ ...about, ...draft }], ops);
  }
}

const timeKey = 'time/highest';

const unknownTarget: DryRunResult = {
  ok: false,
  diff: [],
  costDelta: 0,
  reasons: ['the driver knows no such target'],
};
