/**
 * A playbook: a signed, versioned, parameterised remediation (the seeds' "WPK").
 *
 * `safety.mode` is `manual` unless the signer said `auto`; even then policy P3 asks for the
 * phase's whitelist, `org-admin` among the allowed roles and the signer on record.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Name, ShortText, Text, Version } from './common.ts';
import { Role } from './manifest.ts';

const closed = { additionalProperties: false } as const;

export const ActionKind = Type.Union([
  Type.Literal('scale'),
  Type.Literal('restart'),
  Type.Literal('rollback'),
  Type.Literal('rotate-keys'),
  Type.Literal('failover'),
  Type.Literal('rightsize'),
  Type.Literal('resume'),
]);

export const Playbook = Type.Object(
  {
    type: Type.Literal('playbook/1'),
    id: Name,
    version: Version,
    title: ShortText,
    description: Text,
    action: ActionKind,
    reversible: Type.Boolean(),
    safety: Type.Object(
      { mode: Type.Union([Type.Literal('manual'), Type.Literal('auto')]) },
      closed,
    ),
    allowedRoles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
    /** The approver who signed this version; recorded with every automatic enactment. */
    signedBy: Name,
  },
  { $id: 'playbook/1', additionalProperties: false },
);
export type Playbook = Static<typeof Playbook>;
