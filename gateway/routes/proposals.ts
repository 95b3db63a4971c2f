/**
 * Proposals: put one forward, list them, look at one.
 */
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { QuorateError } from '#protocols/errors.ts';
import { DecisionId, Digest, Name, Target, Text } from '#protocols/messages/common.ts';
import { Action } from '#protocols/messages/manifest.ts';
import type { ProposalFilter, ProposalRequest } from '#regions/node.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { IdParams, readable } from '../ids.ts';
import { pageFields, pageOf } from '../paging.ts';
import { closed, listOf } from '../views/common.ts';
import { etagOf, ProposalStatus, ProposalWire, proposalWire } from '../views/proposal.ts';

/** `service` alone means the caller's tenant's. */
const ShortTarget = Type.Union([Target, Name]);

const ManifestRequest = Type.Object(
  {
    target: ShortTarget,
    /** The action with its parameters, or its kind with `replicas` or `params` beside it. */
    action: Type.Union([Type.String({ minLength: 1, maxLength: 63 }), Action]),
    replicas: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    params: Type.Optional(
      Type.Record(Type.String({ maxLength: 63 }), Type.Union([Type.Number(), Type.String()])),
    ),
    playbook: Type.Optional(Name),
    rationale: Type.Optional(Text),
  },
  closed,
);

const ProposalBody = Type.Object(
  {
    tenant_id: Type.Optional(Name),
    manifest: ManifestRequest,
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
);

const ProposalQuery = Type.Object(
  {
    ...pageFields,
    status: Type.Optional(ProposalStatus),
    target: Type.Optional(ShortTarget),
  },
  closed,
);

const Submitted = Type.Object(
  {
    proposal_id: DecisionId,
    digest: Type.Union([Digest, Type.Null()]),
    pre_state_sha256: Type.Union([Digest, Type.Null()]),
    status: Type.String(),
  },
  closed,
);

const submitOptions = {
  schema: { body: ProposalBody, response: { 202: Submitted } },
  config: { role: 'operator', summary: 'Puts a manifest forward' },
} as const;

export const proposalRoutes: Routes = async (app, { region, config }) => {
  app.post('/proposals', submitOptions, async (request, reply) => {
    const caller = callerOf(request);
    if (region.mode === 'production') {
      throw new QuorateError('policy-violation', 'P2: an unsigned manifest is refused', {
        field: 'manifest',
      });
    }
    const view = await region.submit(caller, requestOf(request.body.manifest, caller.tenant));
    reply.code(202);
    return {
      proposal_id: view.proposalId,
      digest: view.digest,
      pre_state_sha256: view.manifest?.preState ?? null,
      status: view.status,
    };
  });

  app.get(
    '/proposals',
    {
      schema: { querystring: ProposalQuery, response: { 200: listOf(ProposalWire) } },
      config: { summary: "The tenant's proposals, newest first" },
    },
    async (request) => {
      const { tenant } = callerOf(request);
      const page = pageOf(request.query, config);
      const { items, next } = await region.proposals(tenant, page, filterOf(request.query, tenant));
      return { items: items.map((view) => proposalWire(view, region.id)), next };
    },
  );

  app.get(
    '/proposals/:id',
    {
      schema: { params: IdParams, response: { 200: ProposalWire } },
      config: { summary: 'One proposal with its votes, gate and outcome' },
    },
    async (request, reply) => {
      const view = await readable(region, callerOf(request), request.params);
      reply.header('etag', etagOf(view));
      return proposalWire(view, region.id);
    },
  );
};

/** Another tenant's target has no proposals here. */
function filterOf(
  { status, target }: Static<typeof ProposalQuery>,
  tenant: string,
): ProposalFilter {
  const full = target === undefined || target.includes('/') ? target : `${tenant}/${target}`;
  return { ...(status && { status }), ...(full && { target: full }) };
}

function requestOf(manifest: Static<typeof ManifestRequest>, tenant: string): ProposalRequest {
  const { playbook, rationale } = manifest;
  return {
    target: qualify(manifest.target, tenant),
    action: actionOf(manifest),
    ...(playbook !== undefined && { playbook }),
    ...(rationale !== undefined && { rationale }),
  };
}

/** Adds the tenant to a short target; another tenant's target is refused. */
export function qualify(target: string, tenant: string): string {
  if (!target.includes('/')) return `${tenant}/${target}`;
  if (!target.startsWith(`${tenant}/`)) {
    throw new QuorateError('forbidden', 'the target belongs to another tenant', {
      field: 'target',
    });
  }
  return target;
}

function actionOf(manifest: Static<typeof ManifestRequest>): Action {
  const { action, replicas, params } = manifest;
  const full =
    typeof action === 'string'
      ? { kind: action, ...params, ...(replicas !== undefined && { replicas }) }
      : action;
  if (Value.Check(Action, full)) return full;
  const kinds = Action.anyOf.map((branch) => branch.properties.kind.const);
  const branch = Action.anyOf.find((candidate) => candidate.properties.kind.const === full.kind);
  const fields = branch && Object.keys(branch.properties).filter((name) => name !== 'kind');
  throw new QuorateError(
    'invalid-input',
    fields
      ? `manifest.action ${full.kind} needs exactly ${fields.join(' and ')}`
      : `manifest.action is one of ${kinds.join(', ')}`,
    { field: 'manifest.action' },
  );
}
