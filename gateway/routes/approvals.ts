/**
 * What waits for people, and their verdicts.
 */
import type { FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { QuorateError } from '#protocols/errors.ts';
import { DecisionId, Name, ShortText } from '#protocols/messages/common.ts';
import { Envelope } from '#protocols/messages/envelope.ts';
import type { Caller, ProposalView, RegionNode } from '#regions/node.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { IdParams, notFound, TenantParams, writable } from '../ids.ts';
import { PageQuery, pageOf, slicePage } from '../paging.ts';
import { closed, listOf } from '../views/common.ts';
import { PendingWire, pendingWire } from '../views/pending.ts';
import { etagOf, GateWire, gateWire } from '../views/proposal.ts';

const VerdictBody = Type.Object(
  {
    tenant_id: Type.Optional(Name),
    verdict: Type.Union([Type.Literal('approve'), Type.Literal('deny')]),
    reason: ShortText,
    /** The caller when left out. */
    approver: Type.Optional(Name),
    /** The approval signed by the approver's own key. */
    proof: Type.Optional(Envelope),
  },
  closed,
);

const VerdictHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the proposal that was looked at; any when left out' }),
  ),
});

const VerdictAnswer = Type.Object(
  {
    proposal_id: DecisionId,
    verdict: Type.String(),
    status: Type.String(),
    gate: Type.Union([GateWire, Type.Null()]),
  },
  closed,
);

const pendingOptions = {
  schema: {
    params: TenantParams,
    querystring: PageQuery,
    response: { 200: listOf(PendingWire) },
  },
  config: { summary: 'Decisions that wait for approval' },
} as const;

export const approvalRoutes: Routes = async (app, { region, config }) => {
  app.get('/pending/:tenant', pendingOptions, async (request) => {
    const { tenant } = callerOf(request);
    if (request.params.tenant !== tenant) {
      throw notFound('tenant');
    }
    const page = pageOf(request.query, config);
    const waiting = await region.pending(tenant);
    const { items, next } = slicePage(waiting, page, (view) => view.proposalId);
    return { items: items.map(pendingWire), next };
  });

  app.post(
    '/approve/:id',
    {
      schema: {
        params: IdParams,
        headers: VerdictHeaders,
        body: VerdictBody,
        response: { 200: VerdictAnswer },
      },
      config: { role: 'approver', summary: 'Approves or denies exactly one decision' },
    },
    async (request) => {
      const caller = callerOf(request);
      const before = await writable(region, caller, request.params);
      refuseStale(request, before);
      const { verdict, reason, proof } = request.body;
      const view = await region.approve(caller, {
        proposalId: before.proposalId,
        verdict,
        reason,
        approver: approverOf(request.body, caller, region),
        ...(proof && { proof }),
      });
      return {
        proposal_id: view.proposalId,
        verdict,
        status: view.status,
        gate: view.missing && gateWire(view.missing),
      };
    },
  );
};

function refuseStale(request: FastifyRequest, view: ProposalView): void {
  const seen = request.headers['if-match'];
  if (seen !== undefined && seen !== '*' && seen !== etagOf(view)) {
    throw new QuorateError('conflict', 'the proposal has changed since; look at it again', {
      field: 'if-match',
    });
  }
}

/** Without a proof the region signs for the caller, in simulation only and for nobody else. */
function approverOf(body: Static<typeof VerdictBody>, caller: Caller, region: RegionNode): string {
  const approver = body.approver ?? caller.subject;
  if (body.proof) return approver;
  if (region.mode === 'production') {
    throw new QuorateError('policy-violation', 'P2: production needs a signed approval', {
      field: 'proof',
    });
  }
  if (approver !== caller.subject) {
    throw new QuorateError('forbidden', 'only a signed proof speaks for somebody else', {
      field: 'approver',
    });
  }
  return approver;
}
