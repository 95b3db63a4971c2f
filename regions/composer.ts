/**
 * Manifests of this region: for what its negotiator wants, for a counter, for what a person asks.
 *
 * Looks up what a manifest must name (the next version, the observed state, the playbook, the
 * gate that policy asks for) and leaves the filling to the composer's templates.
 */
import { evaluateGate, isOpen as isGateOpen } from '#agents/governance/policies/gate.ts';
import { impactOf, isReversible } from '#agents/governance/policies/impact.ts';
import { redact } from '#agents/governance/policies/redact.ts';
import { actionOf } from '#agents/negotiator/actions.ts';
import { composeManifest } from '#agents/negotiator/compose.ts';
import type { Composed, CounterRequest } from '#agents/negotiator/negotiator.machine.ts';
import type { CandidateWork } from '#agents/negotiator/work.ts';
import { costDelta } from '#agents/scorer/cost.ts';
import { toHex } from '#protocols/bytes.ts';
import { QuorateError } from '#protocols/errors.ts';
import { tenantOf } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Action, ActionKind, Gate, Manifest } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import type { RegionContext } from './context.ts';
import { isOpen } from './decisions.ts';
import type { Caller, ProposalRequest } from './node.ts';

interface Wish {
  readonly target: string;
  readonly version: number;
  readonly action: Action;
  readonly observed: TargetState;
  readonly risk: Risk | null;
  readonly confidence: number;
  readonly reason: string;
  readonly submittedBy?: string;
}

export class Composer {
  readonly #c: RegionContext;

  constructor(context: RegionContext) {
    this.#c = context;
  }

  /** For the negotiator's own intent; null when the target is busy or nothing would change. */
  async candidate({ intent, risk }: CandidateWork): Promise<Composed | null> {
    const target = `${risk.tenant}/${intent.service}`;
    if (this.#c.constitution.homeOf(target) === null || this.#isBusy(target)) return null;
    const observed = await this.#c.ports.driver.observe(target);
    const action = observed && actionOf(intent, observed, this.#regions());
    if (!observed || !action) return null;
    const confidence = round(0.5 + intent.weight / 2);
    const version = this.#c.host().nextVersion(target);
    const manifest = this.#compose({
      target,
      version,
      action,
      observed,
      risk,
      confidence,
      reason: intent.reason,
    });
    return { manifest, judgement: this.#ownJudgement(manifest, observed, intent.reason) };
  }

  /** What this region would rather do than the manifest it rejects. */
  async counter({ intent, instance, risk }: CounterRequest): Promise<Manifest | null> {
    const observed = await this.#c.ports.driver.observe(instance.target);
    const action = observed && actionOf(intent, observed, this.#regions());
    if (!observed || !action) return null;
    return this.#compose({
      ...instance,
      action,
      observed,
      risk,
      confidence: round(0.5 + intent.weight / 2),
      reason: intent.reason,
    });
  }

  /** For a person: like any candidate, but somebody else must approve it. */
  async request(caller: Caller, request: ProposalRequest): Promise<Composed> {
    const { target, action } = request;
    if (tenantOf(target) !== caller.tenant) {
      throw new QuorateError('forbidden', 'the target belongs to another tenant', {
        field: 'target',
      });
    }
    if (this.#c.constitution.homeOf(target) === null) {
      throw new QuorateError('not-found', `${target} is not a registered target`, {
        field: 'target',
      });
    }
    const observed = await this.#c.ports.driver.observe(target);
    if (!observed) throw new QuorateError('unavailable', `the driver does not see ${target}`);
    const version = this.#c.host().nextVersion(target);
    const said = redact(request.rationale ?? `${caller.subject} asked for it`);
    const wish = { target, version, action, observed, risk: null, confidence: 0.5, reason: said };
    const manifest = this.#compose({ ...wish, submittedBy: caller.subject });
    return { manifest, judgement: this.#ownJudgement(manifest, observed, said) };
  }

  #compose(wish: Wish): Manifest {
    const { target, action, observed } = wish;
    const { constitution, ports, limits, federation, id } = this.#c;
    const { policy, policyHash, rosterHash, epoch } = constitution;
    const tenant = tenantOf(target);
    const { playbook, document } = this.#playbookFor(action.kind);
    const impact = impactOf(action, observed, policy.limits);
    const reversible = isReversible(action.kind);
    const facts = { tenant, targets: [{ target }], action, impact, reversible, playbook, document };
    const { gate } = evaluateGate({ ...facts, observed }, policy);
    const executor = constitution.homeOf(target) ?? id;
    const manifest = composeManifest({
      federation,
      epoch: epoch.epoch,
      tenant,
      target,
      version: wish.version,
      executor,
      proposer: id,
      action,
      observed,
      preState: stateDigest(observed, action.kind),
      playbook,
      gate: wish.submittedBy ? withApprover(gate) : gate,
      impact,
      policyHash,
      rosterHash,
      notAfter: new Date(ports.clock.now() + limits.manifestTtlMs).toISOString(),
      nonce: toHex(ports.random.bytes(32)),
      risk: wish.risk,
      confidence: wish.confidence,
      reason: wish.reason,
    });
    return wish.submittedBy ? { ...manifest, submittedBy: wish.submittedBy } : manifest;
  }

  #playbookFor(kind: ActionKind): { playbook: Manifest['playbook']; document: Playbook } {
    for (const [digest, document] of this.#c.playbooks) {
      if (document.action !== kind) continue;
      return { playbook: { id: document.id, version: document.version, digest }, document };
    }
    throw new QuorateError('policy-violation', `no signed playbook does ${kind}`);
  }

  #ownJudgement(manifest: Manifest, observed: TargetState, reason: string): Judgement {
    return {
      verdict: 'accept',
      confidence: manifest.confidence,
      risk: manifest.impact === 'high' ? 1 : manifest.impact === 'medium' ? 0.5 : 0.2,
      costEstimate: costDelta(manifest.action, observed),
      reversibility: manifest.reversible ? 1 : 0,
      reasons: [reason.slice(0, 200)],
    };
  }

  /** One decision at a time a target: negotiated, waiting for people, or being done. */
  #isBusy(target: string): boolean {
    if (this.#c.host().openOn(target)) return true;
    for (const record of this.#c.decisions.underWay(target)) if (isOpen(record)) return true;
    return false;
  }

  #regions(): readonly string[] {
    return this.#c.constitution.epoch.members.map(({ id }) => id);
  }
}

/** What a person asks for, another person approves. */
function withApprover(gate: Gate): Gate {
  if (!isGateOpen(gate)) return gate;
  const approvals: Gate['approvals'] = [{ role: 'approver', count: 1 }];
  return { ...gate, approvals, reasons: [...gate.reasons, 'asked for by a person'] };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
