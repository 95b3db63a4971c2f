/**
 * Stops: at once, in every phase, partition and policy; and what is stopped now.
 */
import Type from 'typebox';
import { Name, ShortText, Target } from '#protocols/messages/common.ts';
import { Stop } from '#protocols/messages/enactment.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { PageQuery, pageOf, slicePage } from '../paging.ts';
import { closed, listOf } from '../views/common.ts';
import { StopWire, stopWire } from '../views/stop.ts';
import { qualify } from './proposals.ts';

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

export const stopRoutes: Routes = async (app, { region, config }) => {
  app.get(
    '/stop',
    {
      schema: { querystring: PageQuery, response: { 200: listOf(StopWire) } },
      config: { summary: 'What is stopped: the stops that no resume has lifted' },
    },
    async (request) => {
      const stops = region.stops(callerOf(request).tenant);
      const { items, next } = slicePage(stops, pageOf(request.query, config), ({ nonce }) => nonce);
      return { items: items.map(stopWire), next };
    },
  );

  app.post(
    '/stop',
    {
      schema: { body: StopBody, response: { 200: StopWire } },
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
      return stopWire(stop);
    },
  );
};
