/**
 * How far a decision has come: its ballot, and its execution.
 */
import { systemClock } from '#fabric/open.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { IdParams, readable } from '../ids.ts';
import { NegotiationWire, negotiationWire } from '../views/negotiation.ts';
import { StatusWire, statusWire } from '../views/status.ts';

export const statusRoutes: Routes = async (app, { region, config }) => {
  app.get(
    '/status/:id',
    {
      schema: { params: IdParams, response: { 200: StatusWire } },
      config: { summary: 'How far the execution of a decision has come' },
    },
    async (request) => {
      const caller = callerOf(request);
      const view = await readable(region, caller, request.params);
      return statusWire(view, await region.audit(caller.tenant, view.proposalId));
    },
  );

  app.get(
    '/negotiate/:id/status',
    {
      schema: { params: IdParams, response: { 200: NegotiationWire } },
      config: { summary: 'How the ballot of a proposal stands' },
    },
    async (request) => {
      const view = await readable(region, callerOf(request), request.params);
      const { decisionTimeoutMs: timeoutMs } = config;
      return negotiationWire(view, { now: systemClock.now(), timeoutMs });
    },
  );
};
