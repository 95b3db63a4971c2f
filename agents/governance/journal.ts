/**
 * The judgement of a journal entry: whether this region votes for it (architecture 4.3).
 *
 * An entry must continue the chain, and what it changes must be the next version of something
 * sane: names that exist, no name or key twice, tenants that own their targets, homes that are
 * members. What an epoch needs to be in force is verified by protocols/epochs, which is a
 * parameter here.
 *
 * Pure.
 */
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { journalTenant, tenantOf, type ValueId } from '#protocols/ids.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { EdgeMember, Epoch, Policy, Roster } from '#protocols/messages/epoch.ts';
import { validate } from '#protocols/messages/index.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';

/** Verifies that the envelope puts the successor of the epoch in force. */
export type EpochStepVerifier = (
  epoch: Epoch,
  envelope: Envelope,
) => { readonly ok: true; readonly epoch: Epoch } | { readonly ok: false; readonly reason: string };

export interface JournalFacts {
  /** The next height, and what was certified below it: null at height 1. */
  readonly height: number;
  readonly previous: ValueId | null;
  readonly epoch: Epoch;
  readonly policy: Policy;
  readonly roster: Roster;
  readonly verifyEpochStep: EpochStepVerifier;
}

export type JournalJudgement =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'reject'; readonly reason: string };

/** Whether the entry may become part of the journal, and if not, why. */
export function judgeJournalEntry(entry: JournalEntry, facts: JournalFacts): JournalJudgement {
  const decoded = validate(['journal-entry/1'], entry);
  const reason = decoded.ok
    ? (faultOfChain(entry, facts) ?? faultOfChange(entry, facts))
    : `schema: ${decoded.field}`;
  return reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason };
}

function faultOfChain(entry: JournalEntry, facts: JournalFacts): string | null {
  const { epoch, height, previous } = facts;
  if (entry.federation !== epoch.federation) return 'made for another federation';
  if (entry.height !== height) return `the next height is ${height}, not ${entry.height}`;
  if (entry.previous !== previous) return 'it continues another chain';
  const isMember = epoch.members.some(({ id }) => id === entry.proposer);
  return isMember ? null : 'its proposer is not a member';
}

function faultOfChange(entry: JournalEntry, facts: JournalFacts): string | null {
  const { change } = entry;
  switch (change.kind) {
    case 'epoch':
      return faultOfEpoch(change.envelope, facts);
    case 'policy':
      return faultOfPolicy(change.policy, facts);
    case 'roster':
      return faultOfRoster(change.roster, facts);
    case 'edge':
      return faultOfEdge(change.edge, facts);
  }
}

function faultOfEpoch(envelope: Envelope, facts: JournalFacts): string | null {
  const step = facts.verifyEpochStep(facts.epoch, envelope);
  if (!step.ok) return step.reason;
  const { epoch, policy, roster } = step.epoch;
  if (epoch !== facts.epoch.epoch + 1) return `the next epoch is ${facts.epoch.epoch + 1}`;
  if (policy !== hashOf(facts.policy)) return 'it names a policy that is not in force';
  return roster === hashOf(facts.roster) ? null : 'it names a roster that is not in force';
}

function faultOfPolicy(policy: Policy, facts: JournalFacts): string | null {
  if (policy.version !== facts.policy.version + 1) {
    return `the next policy version is ${facts.policy.version + 1}`;
  }
  const members = facts.epoch.members.map(({ id }) => id);
  const targets = policy.tenants.flatMap((tenant) => tenant.targets);
  const playbooks = policy.playbooks.map(({ id, version }) => `${id}@${version}`);
  const foreign = policy.tenants.find((tenant) =>
    tenant.targets.some(({ target }) => tenantOf(target) !== tenant.id),
  );
  const homeless = targets.find(({ home }) => !members.includes(home));
  return (
    repeatedIn(
      'tenant',
      policy.tenants.map(({ id }) => id),
    ) ??
    repeatedIn(
      'target',
      targets.map(({ target }) => target),
    ) ??
    repeatedIn('playbook version', playbooks) ??
    (policy.tenants.some(({ id }) => id === journalTenant)
      ? 'the federation is no tenant'
      : null) ??
    (foreign ? `tenant ${foreign.id} lists a target of another tenant` : null) ??
    (homeless ? `the home of ${homeless.target} is not a member` : null)
  );
}

function faultOfRoster(roster: Roster, facts: JournalFacts): string | null {
  if (roster.version !== facts.roster.version + 1) {
    return `the next roster version is ${facts.roster.version + 1}`;
  }
  const people = [...roster.approvers, ...roster.stopKeys];
  return (
    repeatedIn(
      'approver',
      roster.approvers.map(({ id }) => id),
    ) ??
    repeatedIn(
      'approver key',
      roster.approvers.map(({ publicKey }) => publicKey),
    ) ??
    repeatedIn(
      'stop key',
      roster.stopKeys.map(({ id }) => id),
    ) ??
    // Without one no stop could ever be given (invariant I21).
    (roster.stopKeys.length === 0 ? 'nobody could stop anything' : null) ??
    unknownTenant(people, facts.policy)
  );
}

function faultOfEdge(edge: EdgeMember, facts: JournalFacts): string | null {
  const { members } = facts.epoch;
  if (members.some(({ id }) => id === edge.id)) return 'the edge has the id of a member';
  if (members.some(({ publicKey }) => publicKey === edge.publicKey)) {
    return 'the edge has the key of a member';
  }
  return unknownTenant([edge], facts.policy);
}

function unknownTenant(
  holders: readonly { readonly tenants: readonly string[] }[],
  policy: Policy,
): string | null {
  const known = new Set([journalTenant, ...policy.tenants.map(({ id }) => id)]);
  const unknown = holders.flatMap(({ tenants }) => tenants).find((tenant) => !known.has(tenant));
  return unknown === undefined ? null : `tenant ${unknown} is not registered`;
}

function repeatedIn(what: string, names: readonly string[]): string | null {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  return repeated === undefined ? null : `${what} ${repeated} is listed twice`;
}

function hashOf(document: Policy | Roster): string {
  return digestOf(canonicalBytes(document));
}
