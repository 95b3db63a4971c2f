/**
 * Incidents: signals that belong together, where they began, and what came of them.
 */
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { decisionIdOf, IdParams, notFound } from '../ids.ts';
import { PageQuery, pageOf } from '../paging.ts';
import { listOf } from '../views/common.ts';
import { IncidentWire, incidentWire } from '../views/incident.ts';

export const incidentRoutes: Routes = async (app, { region, config }) => {
  app.get(
    '/incidents',
    {
      schema: { querystring: PageQuery, response: { 200: listOf(IncidentWire) } },
      config: { summary: "The tenant's incidents, newest first" },
    },
    async (request) => {
      const page = pageOf(request.query, config);
      const { items, next } = await region.incidents(callerOf(request).tenant, page);
      return { items: items.map(incidentWire), next };
    },
  );

  app.get(
    '/incidents/:id',
    {
      schema: { params: IdParams, response: { 200: IncidentWire } },
      config: { summary: 'One incident with its signals, origin and proposals' },
    },
    async (request) => {
      const id = decisionIdOf(request.params);
      const view = await region.incident(callerOf(request).tenant, id);
      if (!view) throw notFound();
      return incidentWire(view);
    },
  );
};
