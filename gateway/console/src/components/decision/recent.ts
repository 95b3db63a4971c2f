/** What became of the decisions that people had a say in. */
import type { PendingWire, ProposalWire } from '../../lib/wire.ts';
import { isEnded } from './stages.ts';

export interface Recent {
  readonly underWay: readonly ProposalWire[];
  readonly decided: readonly ProposalWire[];
}

export function recentOf(
  proposals: readonly ProposalWire[],
  waiting: readonly PendingWire[],
  decidedMax: number,
): Recent {
  const ofPeople = proposals.filter(
    ({ proposal_id: id, approvals, expires_at: expiresAt }) =>
      (approvals.length > 0 || expiresAt !== null) &&
      !waiting.some((item) => item.proposal_id === id),
  );
  return {
    underWay: ofPeople.filter((one) => !isEnded(one) && one.status !== 'pending-approval'),
    decided: ofPeople
      .filter(isEnded)
      .toSorted((a, b) => (a.updated_at < b.updated_at ? 1 : -1))
      .slice(0, decidedMax),
  };
}
