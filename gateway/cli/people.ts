/**
 * Who may decide: the approvers that the roster names and whose keys lie in the data folder.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Roster } from '#protocols/messages/epoch.ts';
import type { Gate, Role } from '#protocols/messages/manifest.ts';
import type { ProposalView } from '#regions/node.ts';
import { gateWire } from '../views/proposal.ts';
import { describeGate } from '../words.ts';

export interface Person {
  readonly name: string;
  /** By tenant. */
  readonly roles: ReadonlyMap<string, readonly Role[]>;
}

const Founded = Type.Object({ genesis: Type.Object({ roster: Roster }) });
type Founded = Static<typeof Founded>;

/** Who has a key in the data folder. */
export function approverNames(dataDir: string): readonly string[] {
  const folder = join(dataDir, 'approvers');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => (name.endsWith('.pem') ? [name.slice(0, -4)] : [])).sort();
}

/** Approvers with a key in the data folder, as the roster that founded it names them. */
export function peopleOf(dataDir: string): readonly Person[] {
  const names = approverNames(dataDir);
  const rows = (rosterOf(dataDir)?.approvers ?? []).filter(({ id }) => names.includes(id));
  return [...Map.groupBy(rows, ({ id }) => id)].map(([name, own]) => ({
    name,
    roles: new Map(own.map(({ tenant, roles }) => [tenant, roles])),
  }));
}

/** The roles that a person has for every one of the tenants. */
export function rolesFor({ roles }: Person, tenants: readonly string[]): readonly Role[] {
  const [first, ...others] = tenants.map((tenant) => roles.get(tenant) ?? []);
  return (first ?? []).filter((role) => others.every((other) => other.includes(role)));
}

function rosterOf(dataDir: string): Roster | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDir, 'genesis.json'), 'utf8'));
    return Value.Check(Founded, value) ? (value satisfies Founded).genesis.roster : null;
  } catch {
    return null; // a folder that nothing was founded in: nobody may decide here
  }
}

/** Those whose approval counts for one of the roles that a gate asks for. */
export function whoMay(
  people: readonly Person[],
  { tenant, gate }: { readonly tenant: string; readonly gate: Pick<Gate, 'approvals'> },
): readonly string[] {
  return people
    .filter(({ roles }) => gate.approvals.some(({ role }) => roles.get(tenant)?.includes(role)))
    .map(({ name }) => name);
}

/** Everything a person needs to know to decide about something that waits. */
export interface Decidable {
  /** `1 approver` */
  readonly needs: string;
  readonly names: readonly string[];
  readonly approve: string;
  readonly deny: string;
}

export interface Place {
  readonly cwd: string;
  readonly dataDir: string;
}

export function decidableOf(view: ProposalView, place: Place): Decidable {
  const gate = view.missing ?? view.manifest?.gate;
  const names = gate ? whoMay(peopleOf(place.dataDir), { tenant: view.tenant, gate }) : [];
  // Whoever asked for it may not be the one who approves it.
  const others = names.filter((name) => name !== view.manifest?.submittedBy);
  const who = `${view.proposalId.slice(0, 12)} --as ${others[0] ?? '<name>'}${folderFlag(place)}`;
  return {
    needs: gate ? describeGate(gateWire(gate)) : 'nobody',
    names: others,
    approve: `npx quorate approve ${who}`,
    deny: `npx quorate deny ${who}`,
  };
}

/** What a command must say to find a data folder that is not the usual one. */
export function folderFlag({ cwd, dataDir }: Place): string {
  if (dataDir === resolve(cwd, 'var')) return '';
  const near = relative(cwd, dataDir);
  return ` --data-dir ${near.startsWith('..') ? dataDir : near || '.'}`;
}

/** The folder as a person would write it. */
export function folderName({ cwd, dataDir }: Place): string {
  const near = relative(cwd, dataDir);
  return near.startsWith('..') ? dataDir : near || '.';
}
