/**
 * The judgement of a journal entry: whether this region votes for it (architecture 4.3).
 *
 * An entry must continue the chain, and what it changes must be the next version of something
 * sane: names that exist, no name or key twice, tenants that own their targets, homes that are
 * members, salts that hide their rows. What an epoch needs to be in force is verified by
 * protocols/epochs, which is a parameter here.
 *
 * Pure.
 */
import { canonical } from '#protocols/canonical.ts';
import { journalTenant, tenantOf, type ValueId } from '#protocols/ids.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { EdgeMember, Epoch, Policy, Roster, StopKeyRow } from '#protocols/messages/epoch.ts';
import { validate } from '#protocols/messages/index.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';

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

interface Salted {
  readonly salt: string;
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
  if (policy !== policyDigest(facts.policy)) return 'it names a policy that is not in force';
  return roster === rosterDigest(facts.roster) ? null : 'it names a roster that is not in force';
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
    (homeless ? `the home of ${homeless.target} is not a member` : null) ??
    faultOfSalts(policy.tenants, facts.policy.tenants)
  );
}

function faultOfRoster(roster: Roster, facts: JournalFacts): string | null {
  if (roster.version !== facts.roster.version + 1) {
    return `the next roster version is ${facts.roster.version + 1}`;
  }
  const rows = [...roster.approvers, ...roster.stopKeys];
  const { approvers, stopKeys } = facts.roster;
  return (
    faultOfHolders('approver', roster.approvers) ??
    faultOfHolders('stop key', roster.stopKeys) ??
    // Without one no stop could ever be given (invariant I21).
    (roster.stopKeys.length === 0 ? 'nobody could stop anything' : null) ??
    unknownTenant(
      rows.map(({ tenant }) => tenant),
      facts.policy,
    ) ??
    faultOfSalts(rows, [...approvers, ...stopKeys])
  );
}

/** Whoever serves several tenants has one name and one key in all of their rows. */
function faultOfHolders(what: string, rows: readonly StopKeyRow[]): string | null {
  const keys = new Map(rows.map(({ id, publicKey }) => [id, publicKey]));
  const names = new Map(rows.map(({ id, publicKey }) => [publicKey, id]));
  const torn = rows.find(({ id, publicKey }) => keys.get(id) !== publicKey);
  const shared = rows.find(({ id, publicKey }) => names.get(publicKey) !== id);
  return (
    repeatedIn(
      what,
      rows.map(({ id, tenant }) => `${id} of ${tenant}`),
    ) ??
    (torn ? `${what} ${torn.id} has several keys` : null) ??
    (shared ? `${what} key ${shared.publicKey} has several names` : null)
  );
}

/** Who has seen one row knows its salt, and could guess another row that has it (ADR 0011). */
function faultOfSalts(rows: readonly Salted[], before: readonly Salted[]): string | null {
  const known = new Map(before.map((row) => [row.salt, row]));
  const stale = rows.find((row) => {
    const old = known.get(row.salt);
    return old !== undefined && canonical(old) !== canonical(row);
  });
  return (
    repeatedIn(
      'salt',
      rows.map(({ salt }) => salt),
    ) ?? (stale ? `a row has changed and its salt ${stale.salt} has not` : null)
  );
}

function faultOfEdge(edge: EdgeMember, facts: JournalFacts): string | null {
  const { members } = facts.epoch;
  if (members.some(({ id }) => id === edge.id)) return 'the edge has the id of a member';
  if (members.some(({ publicKey }) => publicKey === edge.publicKey)) {
    return 'the edge has the key of a member';
  }
  return unknownTenant(edge.tenants, facts.policy);
}

function unknownTenant(tenants: readonly string[], policy: Policy): string | null {
  const known = new Set([journalTenant, ...policy.tenants.map(({ id }) => id)]);
  const unknown = tenants.find((tenant) => !known.has(tenant));
  return unknown === undefined ? null : `tenant ${unknown} is not registered`;
}

function repeatedIn(what: string, names: readonly string[]): string | null {
  const seen = new Set<string>();
  const repeated = names.find((name) => seen.size === seen.add(name).size);
  return repeated === undefined ? null : `${what} ${repeated} is listed twice`;
}
