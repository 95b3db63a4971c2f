/**
 * What a region believes: the risk of a tenant, and the signals behind it.
 */
import Type, { type Static } from 'typebox';
import { QuorateError } from '#protocols/errors.ts';
import { Name, Severity } from '#protocols/messages/common.ts';
import type { SignalFilter } from '#regions/node.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { notFound, TenantParams } from '../ids.ts';
import { pageFields, pageOf } from '../paging.ts';
import { closed, listOf } from '../views/common.ts';
import { RiskWire, riskWire } from '../views/risk.ts';
import { SignalWire, signalWire } from '../views/signal.ts';

const SignalQuery = Type.Object(
  {
    ...pageFields,
    since: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339 event time' })),
    service: Type.Optional(Name),
    severity: Type.Optional(Severity),
  },
  closed,
);
type SignalQuery = Static<typeof SignalQuery>;

export const riskRoutes: Routes = async (app, { region, config }) => {
  app.get(
    '/risk/:tenant',
    {
      schema: { params: TenantParams, response: { 200: RiskWire } },
      config: { summary: "The tenant's risk as this region sees it" },
    },
    async (request) => {
      const { tenant } = callerOf(request);
      const risk = request.params.tenant === tenant ? region.risk(tenant) : null;
      if (!risk) throw notFound('tenant');
      return riskWire(risk);
    },
  );

  app.get(
    '/signals',
    {
      schema: { querystring: SignalQuery, response: { 200: listOf(SignalWire) } },
      config: { summary: 'Anomalies with their evidence, newest first' },
    },
    async (request) => {
      const { tenant } = callerOf(request);
      const page = pageOf(request.query, config);
      const { items, next } = await region.signals(tenant, page, filterOf(request.query));
      const wire = items.map((one) => signalWire(one, region.incidentOf(tenant, one.signalId)));
      return { items: wire, next };
    },
  );
};

function filterOf({ since, service, severity }: SignalQuery): SignalFilter {
  const from = since === undefined ? undefined : Date.parse(since);
  if (Number.isNaN(from)) {
    throw new QuorateError('invalid-input', 'since is not an RFC 3339 time', { field: 'since' });
  }
  return {
    ...(from !== undefined && { since: from }),
    ...(service !== undefined && { service }),
    ...(severity !== undefined && { severity }),
  };
}
