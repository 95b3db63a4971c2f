/**
 * What a region believes: the risk of a tenant, and the signals behind it.
 */
import Type, { type Static } from 'typebox';
import { QuorateError } from '#protocols/errors.ts';
import { Name, Severity } from '#protocols/messages/common.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { notFound, TenantParams } from '../ids.ts';
import { pageFields, pageOf, slicePage } from '../paging.ts';
import { listOf, RiskWire, riskWire, SignalWire, signalWire } from '../views.ts';

const closed = { additionalProperties: false } as const;

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
      const page = pageOf(request.query, config);
      const all = await region.signals(callerOf(request).tenant, config.limits.auditPageMax);
      const wanted = all.filter(filterOf(request.query));
      const { items, next } = slicePage(wanted, page, (signal) => signal.signalId);
      return { items: items.map(signalWire), next };
    },
  );
};

function filterOf({ since, service, severity }: SignalQuery): (signal: Signal) => boolean {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  if (Number.isNaN(from)) {
    throw new QuorateError('invalid-input', 'since is not an RFC 3339 time', { field: 'since' });
  }
  return (signal) =>
    Date.parse(signal.at) >= from &&
    (service === undefined || signal.service === service) &&
    (severity === undefined || signal.severity === severity);
}
