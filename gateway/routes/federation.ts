/**
 * The federation: its epoch and members, and how each of them is.
 */

import Type from 'typebox';
import { systemClock } from '#fabric/open.ts';
import { Name, Timestamp } from '#protocols/messages/common.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { Routes } from '../context.ts';

const closed = { additionalProperties: false } as const;

const FederationAnswer = Type.Object(
  {
    federation: Name,
    epoch: Type.Integer(),
    fault_model: Type.String(),
    members: Type.Array(
      Type.Object(
        {
          id: Name,
          state: Type.Union([
            Type.Literal('ready'),
            Type.Literal('degraded'),
            Type.Literal('unreachable'),
          ]),
          /** Certificates that another member holds and this one does not. */
          lag: Type.Union([Type.Integer(), Type.Null()]),
          last_seen: Type.Union([Timestamp, Type.Null()]),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const federationRoutes: Routes = async (app, { federation }) => {
  app.get(
    '/federation',
    {
      schema: { response: { 200: FederationAnswer } },
      config: { summary: 'Epoch and members' },
    },
    async () => {
      const { epoch } = federation.trustRoot;
      return {
        federation: epoch.federation,
        epoch: epoch.epoch,
        fault_model: epoch.faultModel,
        members: membersOf(federation),
      };
    },
  );
};

/** A member of this process is seen now; one that does not run here is shown as unreachable. */
function membersOf({ regions, trustRoot }: Pick<Federation, 'regions' | 'trustRoot'>) {
  const held = new Map(regions.map((region) => [region.id, region.counts().certificates]));
  const most = Math.max(0, ...held.values());
  return trustRoot.epoch.members.map(({ id }) => {
    const region = regions.find((candidate) => candidate.id === id);
    if (!region) return { id, state: 'unreachable' as const, lag: null, last_seen: null };
    const isReady = region.checks().every((check) => check.ok);
    return {
      id,
      state: isReady ? ('ready' as const) : ('degraded' as const),
      lag: most - (held.get(id) ?? 0),
      last_seen: new Date(systemClock.now()).toISOString(),
    };
  });
}
