/**
 * What a driver sees of a target, and which part of it an action reads or changes.
 *
 * The pre-state digest covers only that part (architecture 4.6): a restart elsewhere must not
 * void an approved scale.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { digestOf } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { Name, Target, Version } from './common.ts';
import type { ActionKind } from './manifest.ts';

export const TargetState = Type.Object(
  {
    target: Target,
    replicas: Type.Integer({ minimum: 0 }),
    /** How often the target was restarted. */
    generation: Type.Integer({ minimum: 1 }),
    release: Type.Integer({ minimum: 1 }),
    keyVersion: Type.Integer({ minimum: 1 }),
    activeRegion: Name,
    cpuMillis: Type.Integer({ minimum: 1 }),
    memoryMib: Type.Integer({ minimum: 1 }),
    /** Raised by `resume`; a stop of a lower generation is refused. */
    stopGeneration: Type.Integer({ minimum: 0 }),
    healthy: Type.Boolean(),
    /** The version of the last enactment written to the object: the driver's own fence. */
    fence: Type.Union([Version, Type.Literal(0)]),
  },
  { $id: 'target-state/1', additionalProperties: false },
);
export type TargetState = Static<typeof TargetState>;

type Field = Exclude<keyof TargetState, 'target' | 'fence' | 'healthy'>;

/** The fields an action reads or changes. */
export const fieldsOfAction: Readonly<Record<ActionKind, readonly Field[]>> = {
  scale: ['replicas', 'activeRegion'],
  restart: ['generation', 'activeRegion'],
  rollback: ['release', 'activeRegion'],
  'rotate-keys': ['keyVersion'],
  failover: ['activeRegion', 'replicas'],
  rightsize: ['cpuMillis', 'memoryMib'],
  resume: ['stopGeneration'],
};

/** The digest that approvals bind to and that a rollback must restore. */
export function stateDigest(state: TargetState, action: ActionKind): string {
  const fields = fieldsOfAction[action].map((field) => [field, state[field]] as const);
  return digestOf(canonicalBytes({ target: state.target, ...Object.fromEntries(fields) }));
}
