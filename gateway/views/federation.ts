/** The federation: its epoch and members, and how each of them is. */
import Type, { type Static } from 'typebox';
import { Name, Timestamp } from '#protocols/messages/common.ts';
import { FaultModel } from '#protocols/messages/epoch.ts';
import type { FederationView } from '#regions/node.ts';
import { closed, nullable } from './common.ts';

const MemberWire = Type.Object(
  {
    id: Name,
    state: Type.Union([
      Type.Literal('ready'),
      Type.Literal('degraded'),
      Type.Literal('unreachable'),
    ]),
    /** Why it is not ready; empty when it is. */
    reason: Type.String(),
    /** Certificates that the answering region holds and this member, as last heard, does not. */
    lag: nullable(Type.Integer()),
    last_seen: nullable(Timestamp),
  },
  closed,
);

export const FederationWire = Type.Object(
  {
    federation: Name,
    epoch: Type.Integer(),
    fault_model: FaultModel,
    quorum: Type.Integer(),
    members: Type.Array(MemberWire),
  },
  { $id: 'federation-view/1', additionalProperties: false },
);
export type FederationWire = Static<typeof FederationWire>;

export function federationWire(view: FederationView): FederationWire {
  return {
    federation: view.federation,
    epoch: view.epoch,
    fault_model: view.faultModel,
    quorum: view.quorum,
    members: view.members.map(({ id, state, reason, lag, lastSeen }) => ({
      id,
      state,
      reason,
      lag,
      last_seen: lastSeen,
    })),
  };
}
