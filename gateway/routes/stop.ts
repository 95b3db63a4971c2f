/**
 * Stops: at once, in every phase, partition and policy.
 */
import Type from 'typebox';
import { Name, ShortText, Target, Timestamp } from '#protocols/messages/common.ts';
import { Stop } from '#protocols/messages/enactment.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { qualify } from './proposals.ts';

const closed = { additionalProperties: false } as const;

const StopBody = Type.Object(
  {
    tenant_id: Type.Optional(Name),
    action: Stop.properties.action,
    /** The whole tenant when left out. */
    target: Type.Optional(Type.Union([Target, Name])),
    reason: ShortText,
  },
  closed,
);

const StopAnswer = Type.Object(
  {
    action: Stop.properties.action,
    tenant_id: Name,
    target: Type.Union([Target, Type.Null()]),
    generation: Type.Integer(),
    by: Name,
    reason: Type.String(),
    at: Timestamp,
  },
  closed,
);

export const stopRoutes: Routes = async (app, { region }) => {
  app.post(
    '/stop',
    {
      schema: { body: StopBody, response: { 200: StopAnswer } },
      config: { role: 'operator', summary: 'Stops a target or the whole tenant' },
    },
    async (request) => {
      const caller = callerOf(request);
      const { action, reason, target } = request.body;
      const stop = await region.stop(caller, {
        action,
        reason,
        ...(target !== undefined && { target: qualify(target, caller.tenant) }),
      });
      return {
        action: stop.action,
        tenant_id: stop.tenant,
        target: stop.target ?? null,
        generation: stop.generation,
        by: stop.by,
        reason: stop.reason,
        at: stop.at,
      };
    },
  );
};
