/**
 * Ids in paths: whatever does not look like a decision id is simply not found.
 */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { QuorateError } from '#protocols/errors.ts';
import { DecisionId } from '#protocols/messages/common.ts';
import type { Caller, ProposalView, RegionNode } from '#regions/node.ts';

export const IdParams = Type.Object(
  {
    id: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The decision id',
      examples: ['0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
    }),
  },
  { additionalProperties: false },
);

export const TenantParams = Type.Object(
  {
    tenant: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The tenant of the caller',
      examples: ['some-tenant'],
    }),
  },
  { additionalProperties: false },
);

/** The id, if it is one; never handed to a region otherwise. */
export function decisionIdOf(params: { readonly id: string }): string {
  if (!Value.Check(DecisionId, params.id)) throw notFound();
  return params.id;
}

/** The caller's proposal; another tenant's is not found. */
export async function readable(
  region: RegionNode,
  caller: Caller,
  params: { readonly id: string },
): Promise<ProposalView> {
  const view = await region.proposal(caller.tenant, decisionIdOf(params));
  if (!view) throw notFound();
  return view;
}

/** The proposal a caller may write to; another tenant's is forbidden. */
export async function writable(
  region: RegionNode,
  caller: Caller,
  params: { readonly id: string },
): Promise<ProposalView> {
  const id = decisionIdOf(params);
  const own = await region.proposal(caller.tenant, id);
  if (own) return own;
  for (const tenant of region.tenants()) {
    if (await region.proposal(tenant, id)) {
      throw new QuorateError('forbidden', 'this belongs to another tenant', { field: 'id' });
    }
  }
  throw notFound();
}

export function notFound(field = 'id'): QuorateError {
  return new QuorateError('not-found', `there is no such ${field}`, { field });
}
