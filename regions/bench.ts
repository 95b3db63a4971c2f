/**
 * The bench: judges every value that a ballot asks about.
 *
 * A journal entry is judged by the rules of the journal alone, the same in every region. A
 * manifest is judged first by policy (P1-P7), which needs no evidence; what breaks none goes to
 * the tenant's scorer, which knows what this region has seen.
 */

import { isDeepStrictEqual } from 'node:util';
import { judgeJournalEntry } from '#agents/governance/journal.ts';
import { checkManifest } from '#agents/governance/policies/checks.ts';
import { decodeCanonical } from '#protocols/dsse.ts';
import { verifyEpochStep } from '#protocols/epochs/epoch.ts';
import { type Instance, journalTarget, type ValueId } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import type { RegionContext, Tell } from './context.ts';

/**
 * Whether the bytes may be a value of the instance at all. Depends on nothing but its
 * arguments, so every region answers the same.
 */
export function admits(federation: string, instance: Instance, bytes: Uint8Array): boolean {
  if (instance.target === journalTarget) {
    const entry = decodeCanonical('journal-entry/1', bytes);
    return entry.ok && entry.value.height === instance.version;
  }
  const decoded = decodeCanonical('manifest/1', bytes);
  if (!decoded.ok) return false;
  const { tenant, targets } = decoded.value;
  const [first, ...others] = targets;
  const { target, version } = instance;
  return (
    decoded.value.federation === federation &&
    tenant === instance.tenant &&
    others.length === 0 &&
    isDeepStrictEqual(first, { target, version })
  );
}

type Observed =
  | { readonly ok: true; readonly state: TargetState | null }
  | { readonly ok: false; readonly reason: string };

export class Bench {
  readonly #c: RegionContext;
  readonly #tell: Tell;

  constructor(context: RegionContext, tell: Tell) {
    this.#c = context;
    this.#tell = tell;
  }

  async judge(instance: Instance, value: ValueId, bytes: Uint8Array): Promise<void> {
    if (instance.target === journalTarget) return this.#judgeEntry(instance, value, bytes);
    const decoded = decodeCanonical('manifest/1', bytes);
    if (!decoded.ok) return this.#answer(instance, value, rejection(['it does not decode']));
    const manifest = decoded.value;
    const observed = await this.#observe(instance.target);
    if (!observed.ok) return this.#answer(instance, value, rejection([observed.reason]));
    const { policy, policyHash, rosterHash } = this.#c.constitution;
    const violations = checkManifest(manifest, {
      federation: this.#c.federation,
      policy,
      policyHash,
      rosterHash,
      playbook: this.#c.playbooks.get(manifest.playbook.digest) ?? null,
      observed: observed.state,
      now: this.#c.ports.clock.now(),
    });
    if (violations.length > 0) return this.#refuse(instance, value, manifest, violations);
    const asked = { instance, value, manifest, observed: observed.state };
    if (this.#tell(manifest.tenant, 'scorer', { type: 'judgement.requested', ...asked })) return;
    this.#answer(instance, value, rejection(['this region is overloaded']));
  }

  /** A driver that fails is no reason to fall silent, let alone to stop. */
  async #observe(target: string): Promise<Observed> {
    try {
      return { ok: true, state: await this.#c.ports.driver.observe(target) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#c.ports.log.warn({ target, reason }, 'target could not be observed for a judgement');
      return { ok: false, reason: 'this region cannot see the target' };
    }
  }

  #judgeEntry(instance: Instance, value: ValueId, bytes: Uint8Array): void {
    const { constitution, ports } = this.#c;
    const decoded = decodeCanonical('journal-entry/1', bytes);
    const judged = decoded.ok
      ? judgeJournalEntry(decoded.value, {
          height: constitution.height + 1,
          previous: constitution.previous,
          epoch: constitution.epoch,
          policy: constitution.policy,
          roster: constitution.roster,
          verifyEpochStep: (epoch, envelope) => verifyEpochStep(epoch, envelope, ports.verifier),
        })
      : { verdict: 'reject' as const, reason: 'it does not decode' };
    const reason = judged.verdict === 'reject' ? judged.reason : 'continues the journal';
    this.#answer(instance, value, {
      ...rejection([reason]),
      verdict: judged.verdict,
      reversibility: 1,
    });
  }

  async #refuse(
    instance: Instance,
    value: ValueId,
    manifest: Manifest,
    violations: ReturnType<typeof checkManifest>,
  ): Promise<void> {
    const reasons = violations.map(({ policy, reason }) => `${policy}: ${reason}`);
    await this.#c.ledger.commit(
      violations.map(({ policy, reason }) => ({
        step: 'policy-alert' as const,
        actor: 'agent:governance',
        ...instance,
        reason,
        facts: { policy, proposer: manifest.proposer },
        digests: { manifest: value },
      })),
      [],
    );
    for (const { policy } of violations) {
      this.#c.ports.metrics.count('policy_alerts_total', { policy });
    }
    this.#answer(instance, value, rejection(reasons));
  }

  #answer(instance: Instance, value: ValueId, judgement: Judgement): void {
    this.#c.host().judged(instance, value, judgement);
  }
}

function rejection(reasons: readonly string[]): Judgement {
  return {
    verdict: 'reject',
    confidence: 1,
    risk: 0,
    costEstimate: 0,
    reversibility: 0,
    reasons: reasons.slice(0, 8).map((reason) => reason.slice(0, 200)),
  };
}
