/**
 * How a machine hears its children: what a child says becomes an event of its parent.
 *
 * A listener ends with its child, so nothing has to be undone.
 */
import type { AnyActorRef } from 'xstate';

export function hear(child: AnyActorRef, parent: AnyActorRef): void {
  child.on('*', (said) => parent.send(said));
}
