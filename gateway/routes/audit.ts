/**
 * The audit trail of a decision, its offline receipt, and the signed head of the log.
 */
import Type, { type Static } from 'typebox';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { Config } from '#regions/config.ts';
import type { RegionNode } from '#regions/node.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { decisionIdOf, IdParams, notFound } from '../ids.ts';
import { PageQuery, pageFields, pageOf, slicePage } from '../paging.ts';
import { AuditWire, auditWire, ProvedAuditWire } from '../views/audit.ts';
import { closed, listOf } from '../views/common.ts';

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

const LogQuery = Type.Object(
  {
    from: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,15}$', description: 'The first sequence number' }),
    ),
    limit: pageFields.limit,
  },
  closed,
);

const logOptions = {
  schema: {
    querystring: LogQuery,
    response: {
      200: Type.Object(
        {
          items: Type.Array(AuditWire),
          /** Where to go on; the size of the log when there is nothing more. */
          next: Type.Integer({ minimum: 0 }),
        },
        closed,
      ),
    },
  },
  config: { summary: "The tenant's entries of this region's log, oldest first" },
} as const;

const traceOptions = {
  schema: {
    params: IdParams,
    querystring: PageQuery,
    response: { 200: listOf(ProvedAuditWire) },
  },
  config: { summary: 'Every step of one decision, or of an incident and its decisions' },
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

  app.get('/audit/log', logOptions, async (request) => {
    const { from, limit } = logPageOf(request.query, config);
    const { items, next } = await region.entries(callerOf(request).tenant, from, limit);
    return { items: items.map(auditWire), next };
  });

  app.get('/audit/:id', traceOptions, async (request) => {
    const { tenant } = callerOf(request);
    const entries = await region.audit(tenant, decisionIdOf(request.params));
    if (entries.length === 0) throw notFound();
    const page = pageOf(request.query, config);
    const { items, next } = slicePage(entries, page, (entry) => String(entry.seq));
    return { items: proved(region, items), next };
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

/** All against one head, so that one checkpoint proves them. */
function proved(region: RegionNode, entries: readonly AuditEntry[]) {
  const { size, root } = region.auditHead();
  return entries.map((entry) => ({
    ...auditWire(entry),
    inclusion: { size, root, path: [...region.inclusion(entry.seq, size)] },
  }));
}

function logPageOf({ from, limit }: Static<typeof LogQuery>, { limits }: Config) {
  const wanted = limit === undefined ? limits.pageDefault : Number(limit);
  return { from: Number(from ?? 0), limit: Math.min(wanted, limits.auditPageMax) };
}
