/** A stop as it was ordered. */
import Type, { type Static } from 'typebox';
import { Name, Target, Timestamp } from '#protocols/messages/common.ts';
import { Stop } from '#protocols/messages/enactment.ts';
import { nullable } from './common.ts';

export const StopWire = Type.Object(
  {
    action: Stop.properties.action,
    tenant_id: Name,
    /** Null for the whole tenant. */
    target: nullable(Target),
    generation: Type.Integer(),
    by: Name,
    reason: Type.String(),
    at: Timestamp,
  },
  { $id: 'stop-view/1', additionalProperties: false },
);
export type StopWire = Static<typeof StopWire>;

export function stopWire(stop: Stop): StopWire {
  const { action, tenant, target, generation, by, reason, at } = stop;
  return { action, tenant_id: tenant, target: target ?? null, generation, by, reason, at };
}
