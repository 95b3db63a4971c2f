/**
 * Actions and gates in words.
 */
import type { Static } from 'typebox';
import type { Action } from '#protocols/messages/manifest.ts';
import type { GateWire } from '../views.ts';

export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'scale':
      return `scale to ${action.replicas} replicas`;
    case 'restart':
      return `restart (number ${action.generation})`;
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
