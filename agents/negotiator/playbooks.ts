/**
 * The shipped playbooks: the catalogue that intents choose from.
 *
 * Data only. `signedBy` is filled when an approver signs the catalogue; an unsigned playbook is
 * never used. Automatic ones are the two whose worst case is a few replicas too many or one
 * restart; everything else stays manual until its signer says otherwise.
 */
import { required } from '#protocols/assert.ts';
import type { ActionKind } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';

export type UnsignedPlaybook = Omit<Playbook, 'signedBy'>;

export const shippedPlaybooks: readonly UnsignedPlaybook[] = [
  {
    type: 'playbook/1',
    id: 'scale-out',
    version: 1,
    title: 'Add replicas',
    description: 'Raises the number of replicas when saturation or latency is above normal.',
    action: 'scale',
    reversible: true,
    safety: { mode: 'auto' },
    allowedRoles: ['operator', 'org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'restart-unhealthy',
    version: 1,
    title: 'Restart a service that stopped serving',
    description: 'Restarts the service once when its traffic collapsed or it answers with errors.',
    action: 'restart',
    reversible: true,
    safety: { mode: 'auto' },
    allowedRoles: ['operator', 'org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'rollback-release',
    version: 1,
    title: 'Return to the release before',
    description: 'Puts the preceding release back when errors rose far above normal.',
    action: 'rollback',
    reversible: true,
    safety: { mode: 'manual' },
    allowedRoles: ['approver', 'org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'rotate-keys',
    version: 1,
    title: 'Replace the service key',
    description: 'Issues the next key version. The old key cannot be brought back.',
    action: 'rotate-keys',
    reversible: false,
    safety: { mode: 'manual' },
    allowedRoles: ['org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'failover-region',
    version: 1,
    title: 'Move the service to another region',
    description: 'Makes another region the active one when the present one cannot recover.',
    action: 'failover',
    reversible: true,
    safety: { mode: 'manual' },
    allowedRoles: ['approver', 'org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'rightsize',
    version: 1,
    title: 'Give idle capacity back',
    description: 'Takes a quarter of CPU and memory away after saturation stayed below normal.',
    action: 'rightsize',
    reversible: true,
    safety: { mode: 'manual' },
    allowedRoles: ['operator', 'approver', 'org-admin'],
  },
  {
    type: 'playbook/1',
    id: 'resume',
    version: 1,
    title: 'Lift a stop',
    description: 'Raises the stop generation of a target, so that earlier stops hold it no more.',
    action: 'resume',
    reversible: true,
    safety: { mode: 'manual' },
    allowedRoles: ['operator', 'org-admin'],
  },
];

/** The shipped playbook for an action; none resumes, since that undoes a stop. */
export function playbookFor(kind: ActionKind): UnsignedPlaybook {
  const playbook = shippedPlaybooks.find((candidate) => candidate.action === kind);
  return required(playbook, `the catalogue has a playbook for ${kind}`);
}
