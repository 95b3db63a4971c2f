/**
 * The audit trail of a decision, its offline receipt, and the signed head of the log.
 */
import Type from 'typebox';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { decisionIdOf, IdParams, notFound } from '../ids.ts';
import { PageQuery, pageOf, slicePage } from '../paging.ts';
import { AuditWire, auditWire, listOf } from '../views.ts';

const closed = { additionalProperties: false } as const;

const Verified = Type.Object(
  {
    ok: Type.Boolean(),
    region: Type.String(),
    size: Type.Integer(),
    root: Type.String(),
    reason: Type.Optional(Type.String()),
  },
  closed,
);

const traceOptions = {
  schema: {
    params: IdParams,
    querystring: PageQuery,
    response: { 200: listOf(AuditWire) },
  },
  config: { summary: 'Every step of one decision' },
} as const;

export const auditRoutes: Routes = async (app, { region, config }) => {
  app.get(
    '/audit/head',
    {
      schema: { response: { 200: Type.String() } },
      config: { summary: "The signed checkpoint of this region's log (C2SP tlog-checkpoint)" },
    },
    async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(await region.checkpoint()),
  );

  app.get(
    '/audit/verify',
    {
      schema: { response: { 200: Verified } },
      config: { role: 'operator', summary: 'Recomputes the whole log of this region' },
    },
    async () => ({ region: region.id, ...(await region.verifyAudit()) }),
  );

  app.get('/audit/:id', traceOptions, async (request) => {
    const { tenant } = callerOf(request);
    const entries = await region.audit(tenant, decisionIdOf(request.params));
    if (entries.length === 0) throw notFound();
    const page = pageOf(request.query, config);
    const { items, next } = slicePage(entries, page, (entry) => String(entry.seq));
    return { items: items.map(auditWire), next };
  });

  app.get(
    '/audit/:id/proof',
    {
      schema: { params: IdParams },
      config: { summary: 'The receipt, which verifies offline; exactly its canonical bytes' },
    },
    async (request, reply) => {
      const bytes = await region.receipt(callerOf(request).tenant, decisionIdOf(request.params));
      if (!bytes) throw notFound();
      return reply.type('application/json').send(Buffer.from(bytes));
    },
  );
};
