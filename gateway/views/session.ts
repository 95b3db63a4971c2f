/**
 * Who is logged in, where, and what they may do here.
 */
import Type, { type Static } from 'typebox';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';
import type { RegionNode } from '#regions/node.ts';
import type { Identity } from '../tokens.ts';
import { closed } from './common.ts';

export const SessionWire = Type.Object(
  {
    subject: Name,
    tenant: Name,
    tenants: Type.Array(Name, { description: 'What the session can be switched to.' }),
    roles: Type.Array(Role),
    region: Name,
    federation: Name,
    mode: Type.Union([Type.Literal('simulation'), Type.Literal('production')]),
    version: Type.String(),
    expires_at: Type.String({ format: 'date-time' }),
    may_sign: Type.Boolean({
      description: 'Whether this gateway signs verdicts for the caller; production never does.',
    }),
  },
  { ...closed, $id: 'session/1' },
);
export type SessionWire = Static<typeof SessionWire>;

export function sessionWire(
  identity: Identity,
  { region, version }: { readonly region: RegionNode; readonly version: string },
): SessionWire {
  return {
    subject: identity.subject,
    tenant: identity.tenant,
    tenants: [...identity.tenants],
    roles: [...identity.roles],
    region: region.id,
    federation: region.federation,
    mode: region.mode,
    version,
    expires_at: new Date(identity.expiresAt).toISOString(),
    may_sign: region.mode === 'simulation',
  };
}
