/** How the ballot of a proposal stands. */
import Type, { type Static } from 'typebox';
import { Round } from '#protocols/messages/common.ts';
import type { ProposalView } from '#regions/node.ts';
import { VoteWire, voteWire } from './proposal.ts';

export const NegotiationWire = Type.Object(
  {
    state: Type.String(),
    round: Round,
    votes: Type.Array(VoteWire),
    quorum: Type.Integer(),
    elapsed_ms: Type.Integer({ minimum: 0 }),
    /** Until the ballot may end in ABORT; 0 once it has ended. */
    remaining_ms: Type.Integer({ minimum: 0 }),
  },
  { $id: 'negotiation/1', additionalProperties: false },
);
export type NegotiationWire = Static<typeof NegotiationWire>;

export function negotiationWire(
  view: ProposalView,
  clock: { readonly now: number; readonly timeoutMs: number },
): NegotiationWire {
  const openedAt = Date.parse(view.openedAt);
  const decidedAt = view.decidedAt === null ? null : Date.parse(view.decidedAt);
  const rounds = view.votes.map(({ round }) => round);
  const left = decidedAt === null ? openedAt + clock.timeoutMs - clock.now : 0;
  return {
    state: view.status,
    round: view.certificate?.round ?? Math.max(0, ...rounds),
    votes: view.votes.map(voteWire),
    quorum: view.quorum,
    elapsed_ms: Math.max(0, (decidedAt ?? clock.now) - openedAt),
    remaining_ms: Math.max(0, left),
  };
}
