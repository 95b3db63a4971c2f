/**
 * Rosters and policies shown to one tenant (ADR 0011).
 *
 *   document   { …, tenants: [ {id: shop, …, salt}, {id: bank, …, salt} ] }
 *   view       { …, tenants: [ {id: shop, …, salt}, "sha256:…" ] }
 *   digest     of { …, tenants: [ "sha256:…", "sha256:…" ] }
 *
 * A row enters the digest of its document as a digest of its own, so that document and view have
 * the same one. The salt keeps a row that is not shown from being guessed: tenants, services and
 * names are few (salted digests as in SD-JWT: RFC 9901, sections 4.2 and 9.3). How many rows there
 * are is seen.
 *
 * Pure.
 */
import { digestOf } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import type { ApproverRow, Policy, PolicyView, Roster, RosterView } from './messages/epoch.ts';

/** The digest that names a policy: the same for the whole one and for each of its views. */
export function policyDigest(policy: Policy | PolicyView): string {
  return digestOf(canonicalBytes({ ...policy, tenants: policy.tenants.map(digestOfRow) }));
}

/** The digest that names a roster: the same for the whole one and for each of its views. */
export function rosterDigest(roster: Roster | RosterView): string {
  const { approvers, stopKeys } = roster;
  const committed = { approvers: approvers.map(digestOfRow), stopKeys: stopKeys.map(digestOfRow) };
  return digestOf(canonicalBytes({ ...roster, ...committed }));
}

/** What the tenant may see of a policy. */
export function policyFor(policy: Policy, tenant: string): PolicyView {
  const tenants = policy.tenants.map((row) => (row.id === tenant ? row : digestOfRow(row)));
  return { ...policy, tenants };
}

/** What the tenant may see of a roster. */
export function rosterFor(roster: Roster, tenant: string): RosterView {
  const shown = <R extends { readonly tenant: string }>(row: R) =>
    row.tenant === tenant ? row : digestOfRow(row);
  return {
    ...roster,
    approvers: roster.approvers.map(shown),
    stopKeys: roster.stopKeys.map(shown),
  };
}

/** The row of a person for a tenant; null also where it is not shown. */
export function approverIn(
  roster: Roster | RosterView,
  { id, tenant }: { readonly id: string; readonly tenant: string },
): ApproverRow | null {
  for (const row of roster.approvers) {
    if (typeof row !== 'string' && row.id === id && row.tenant === tenant) return row;
  }
  return null;
}

/** A row that is not shown is its digest already. */
function digestOfRow(row: object | string): string {
  return typeof row === 'string' ? row : digestOf(canonicalBytes(row));
}
