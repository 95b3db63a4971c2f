/**
 * Actor logic that can begin where a failed actor of the same logic left off.
 *
 * A machine can spawn its children with an input only, so the snapshot travels in the input.
 */
import type { ActorLogic, AnyActorLogic, EventObject, Snapshot } from 'xstate';

export interface Revival {
  readonly input: unknown;
  /** Persisted; null to begin at the beginning. */
  readonly snapshot: Snapshot<unknown> | null;
}

export type Revivable = ActorLogic<Snapshot<unknown>, EventObject, Revival>;

/** The same logic, started from a snapshot where one is given. */
export function revivable(logic: AnyActorLogic): Revivable {
  return {
    transition: (snapshot, event, scope) => logic.transition(snapshot, event, scope),
    getInitialSnapshot: (scope, { input, snapshot }) =>
      snapshot && logic.restoreSnapshot
        ? logic.restoreSnapshot(snapshot, scope)
        : logic.getInitialSnapshot(scope, input),
    start: (snapshot, scope) => logic.start?.(snapshot, scope),
    getPersistedSnapshot: (snapshot, options) => logic.getPersistedSnapshot(snapshot, options),
  };
}
