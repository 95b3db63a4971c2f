/**
 * The default of every actor a machine invokes: regions provide the real one.
 *
 * A machine that runs without its region's answer is a bug, so the failure names the actor.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { AssertionError } from '#protocols/assert.ts';

export function unprovided<Output, Input>(name: string): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(() =>
    Promise.reject(new AssertionError(`assertion failed: the region provides ${name}`)),
  );
}
