/**
 * Which transitions of a machine the given events can take: @xstate/graph finds the states, a
 * real actor walks every path to each of them and then tries every event there.
 *
 * The graph follows only the events it is given, so timers and answers of invoked actors are
 * listed as events (`xstate.after…`, `xstate.done…`, `xstate.error…`).
 */
import { getShortestPaths } from '@xstate/graph';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';

export interface CoverageOptions<Machine extends AnyStateMachine> {
  readonly input: InputFrom<Machine>;
  readonly events: readonly EventObject[];
  /** States that are equal here are one state; keeps counters from making the graph endless. */
  readonly stateKey: (snapshot: SnapshotFrom<Machine>) => string;
}

export interface Coverage {
  readonly all: readonly string[];
  readonly missed: readonly string[];
}

export function coverTransitions<Machine extends AnyStateMachine>(
  machine: Machine,
  options: CoverageOptions<Machine>,
): Coverage {
  const paths = getShortestPaths(machine as AnyStateMachine, {
    input: options.input,
    events: (snapshot) => options.events.filter((event) => isSendable(snapshot, event)),
    serializeState: (snapshot) => options.stateKey(snapshot as SnapshotFrom<Machine>),
    limit: 2000,
  });
  const taken = new Set<string>();
  for (const path of paths) {
    const walked = path.steps.map((step) => step.event).filter((one) => one.type !== 'xstate.init');
    for (const event of options.events) walk(machine, options.input, [...walked, event], taken);
  }
  const all = transitionsOf(machine);
  return { all, missed: all.filter((transition) => !taken.has(transition)) };
}

function walk(
  machine: AnyStateMachine,
  input: unknown,
  events: readonly EventObject[],
  taken: Set<string>,
): void {
  const actor = createActor(machine, {
    input,
    inspect: (inspected) => {
      if (inspected.type !== '@xstate.microstep') return;
      for (const transition of inspected._transitions) taken.add(nameOf(transition));
    },
  });
  actor.start();
  for (const event of events) {
    if (isSendable(actor.getSnapshot(), event)) actor.send(event);
  }
  actor.stop();
}

/** An invoked actor's failure reaches only the state that invoked it; elsewhere it is a crash. */
function isSendable(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
  if (snapshot.status !== 'active') return false;
  return !event.type.startsWith('xstate.error.') || snapshot.can(event);
}

/** Every transition of every state, each guarded branch on its own. */
function transitionsOf(machine: AnyStateMachine): readonly string[] {
  return nodesUnder(machine.root).flatMap((node) => {
    const onEvents = [...node.transitions.values()].flat();
    return [...onEvents, ...(node.always ?? [])].map(nameOf);
  });
}

function nodesUnder(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesUnder)];
}

export function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType, guard, target } = transition;
  const condition = typeof guard === 'object' && guard !== null ? guard.type : guard;
  const to = (target ?? []).map((node) => node.key).join(',');
  return `${source.id} --${eventType}${condition ? ` [${String(condition)}]` : ''}--> ${to}`;
}
