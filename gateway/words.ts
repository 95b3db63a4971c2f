/**
 * Actions, gates and their reasons in words.
 */
import type { Static } from 'typebox';
import type { Action } from '#protocols/messages/manifest.ts';
import type { GateWire } from './views/proposal.ts';

export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'scale':
      return `scale to ${action.replicas} replicas`;
    case 'restart':
      return `restart (number ${action.generation - 1})`;
    case 'rollback':
      return `roll back to release ${action.release}`;
    case 'rotate-keys':
      return `rotate keys to version ${action.keyVersion}`;
    case 'failover':
      return `fail over to ${action.toRegion}`;
    case 'rightsize':
      return `rightsize to ${action.cpuMillis}m CPU and ${action.memoryMib} MiB`;
    case 'resume':
      return 'resume';
  }
}

/** `1 approver and 1 org-admin` */
export function describeGate(gate: Static<typeof GateWire>): string {
  const people = gate.approvals.map(({ role, count }) => `${count} ${role}`);
  if (gate.second_approver) people.push('a second approver');
  if (gate.mfa) people.push('a second factor');
  return people.join(' and ') || 'nobody';
}

/** Reasons of gates, as policy P3 writes them (agents/governance/policies/gate.ts). */
const reasonWords: readonly (readonly [RegExp, string])[] = [
  [/^P3: not on the whitelist of L3$/, 'autonomy level L3 lets nothing happen without a person'],
  [/^P3: not on the whitelist of (.+)$/, 'it is more than autonomy level $1 may do alone'],
  [/^P3: high impact, .*$/, 'its impact is high'],
  [/^P3: the playbook is manual$/, 'its playbook is signed for use by hand only'],
  [/^P3: irreversible$/, 'it cannot be undone'],
  [/^P\d: (.+)$/, '$1'],
];

/** Why a gate asks for people, for somebody who does not know the policies by heart. */
export function describeReason(reason: string): string {
  const known = reasonWords.find(([pattern]) => pattern.test(reason));
  return known ? reason.replace(...known) : reason;
}
