/**
 * A tenant: owns exactly five agents, carries what they are told and say, and brings back the
 * one that fails.
 *
 *   observer | scorer | negotiator | executor | governance, each:
 *
 *     starting --(all told)--> running
 *        |  ^                     |
 *        |  +-- waiting <---------+ failed
 *        |         |              |
 *        +---------+--------------+--(5 in a row, or too much to tell)--> stopped: degraded
 *
 * The rule it upholds: an agent's failure is its own. The others go on, the event that failed
 * it is not told again, and what is told meanwhile waits and keeps its order: an agent that
 * starts is told one waiting event at a time, so that a failure loses that one only. What is
 * recovered from what is in tenant.logic.ts.
 */
import { type AnyActorRef, assign, emit, enqueueActions, type Snapshot, setup } from 'xstate';
import { AssertionError } from '#protocols/assert.ts';
import type { AgentEmitted, AgentEvent, AgentName } from './events.ts';
import { type Revivable, revivable } from './revive.ts';
import {
  agentNames,
  backoffMs,
  type Failure,
  failed,
  firstLife,
  heard,
  type Life,
  pendingMax,
  restartsMax,
} from './tenant.logic.ts';

export interface TenantInput {
  readonly inputs: Readonly<Record<AgentName, unknown>>;
}

export interface TenantContext extends TenantInput {
  readonly lives: Readonly<Record<AgentName, Life>>;
  readonly refs: Readonly<Partial<Record<AgentName, AnyActorRef>>>;
}

export type TenantEvent =
  | { readonly type: 'agent.told'; readonly agent: AgentName; readonly event: AgentEvent }
  /** From the tenant to itself: the agent can be told the next waiting event. */
  | { readonly type: 'agent.resumed'; readonly agent: AgentName }
  /** From the agent itself. */
  | { readonly type: 'agent.heard'; readonly agent: AgentName; readonly event: AgentEmitted }
  | { readonly type: `xstate.error.actor.${AgentName}`; readonly error: unknown };

export type TenantEmitted =
  | { readonly type: 'agent.said'; readonly agent: AgentName; readonly event: AgentEmitted }
  | {
      readonly type: 'agent.failed';
      readonly agent: AgentName;
      readonly failures: number;
      readonly reason: string;
    }
  | { readonly type: 'agent.stopped'; readonly agent: AgentName; readonly reason: string };

const unprovidedAgent: Revivable = revivable({
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getInitialSnapshot: () => {
    throw new AssertionError('assertion failed: the region provides the agents');
  },
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
});

const tenantSetup = setup({
  types: {
    input: {} as TenantInput,
    context: {} as TenantContext,
    events: {} as TenantEvent,
    emitted: {} as TenantEmitted,
  },
  actors: {
    observer: unprovidedAgent,
    scorer: unprovidedAgent,
    negotiator: unprovidedAgent,
    executor: unprovidedAgent,
    governance: unprovidedAgent,
  },
  delays: {
    observerBackoff: ({ context }) => backoffMs(context.lives.observer),
    scorerBackoff: ({ context }) => backoffMs(context.lives.scorer),
    negotiatorBackoff: ({ context }) => backoffMs(context.lives.negotiator),
    executorBackoff: ({ context }) => backoffMs(context.lives.executor),
    governanceBackoff: ({ context }) => backoffMs(context.lives.governance),
  },
  guards: {
    isFor: ({ event }, agent: AgentName) => isFor(event, agent),
    isForFull: ({ context, event }, agent: AgentName) =>
      isFor(event, agent) && context.lives[agent].pending.length >= pendingMax,
    /** It has failed and the news is on its way. */
    isForDown: ({ context, event }, agent: AgentName) =>
      isFor(event, agent) && context.refs[agent]?.getSnapshot().status !== 'active',
    hasPending: ({ context, event }, agent: AgentName) =>
      isFor(event, agent) && context.lives[agent].pending.length > 0,
    isGivenUp: ({ context }, agent: AgentName) => context.lives[agent].failures >= restartsMax,
  },
  actions: {
    startAgent: assign(({ context, spawn, self }, agent: AgentName) => {
      const ref = spawn(agent, { id: agent, input: context.lives[agent].revival });
      ref.on('*', (said) => self.send(heardFrom(agent, said)));
      return { refs: { ...context.refs, [agent]: ref } };
    }),
    resume: ({ self }, agent: AgentName) => self.send({ type: 'agent.resumed', agent }),
    tellNext: enqueueActions(({ context, enqueue }, agent: AgentName) => {
      const [next, ...pending] = context.lives[agent].pending;
      if (!next) return;
      enqueue.assign({
        lives: { ...context.lives, [agent]: { ...context.lives[agent], pending } },
      });
      enqueue.sendTo(agent, next);
    }),
    tell: enqueueActions(({ context, enqueue, event }, agent: AgentName) => {
      if (event.type !== 'agent.told') return;
      enqueue.assign({ lives: { ...context.lives, [agent]: heard(context.lives[agent]) } });
      enqueue.sendTo(agent, event.event);
    }),
    keepForLater: assign(({ context, event }, agent: AgentName) => {
      if (event.type !== 'agent.told') return {};
      const life = context.lives[agent];
      const pending = [...life.pending, event.event];
      return { lives: { ...context.lives, [agent]: { ...life, pending } } };
    }),
    recordFailure: assign(({ context }, { agent, error }: { agent: AgentName; error: unknown }) => {
      const failure = failureIn(agent, error, context.refs[agent]);
      const life = failed(context.lives[agent], failure, context.inputs[agent]);
      return { lives: { ...context.lives, [agent]: life } };
    }),
    /** A failed machine leaves its children running: they would act without an owner. */
    dismissChildren: ({ context }, agent: AgentName) => {
      for (const child of childrenOf(context.refs[agent])) {
        child.send({ type: 'enactment.dismissed' });
        child.send({ type: 'case.dismissed' });
      }
    },
    announceFailed: emit(({ context }, agent: AgentName) => ({
      type: 'agent.failed' as const,
      agent,
      failures: context.lives[agent].failures,
      reason: context.lives[agent].reason,
    })),
    announceStopped: emit(({ context }, agent: AgentName) => ({
      type: 'agent.stopped' as const,
      agent,
      reason: context.lives[agent].reason,
    })),
    passOn: emit((_, said: Extract<TenantEvent, { type: 'agent.heard' }>) => ({
      type: 'agent.said' as const,
      agent: said.agent,
      event: said.event,
    })),
  },
});

/** The states of one agent: the same for all five. */
function lifeOf<Name extends AgentName>(agent: Name) {
  return tenantSetup.createStateConfig({
    initial: 'starting',
    states: {
      starting: startingOf(agent),
      running: runningOf(agent),
      failing: {
        always: [
          { guard: { type: 'isGivenUp', params: agent }, target: 'stopped' },
          { target: 'waiting' },
        ],
      },
      waiting: {
        after: { [`${agent}Backoff`]: 'starting' },
        on: { 'agent.told': keptFor(agent) },
      },
      stopped: { entry: { type: 'announceStopped', params: agent } },
    },
  });
}

function startingOf<Name extends AgentName>(agent: Name) {
  return tenantSetup.createStateConfig({
    entry: [
      { type: 'startAgent', params: agent },
      { type: 'resume', params: agent },
    ],
    on: {
      'agent.told': keptFor(agent),
      'agent.resumed': [
        { guard: { type: 'isForDown', params: agent } },
        {
          guard: { type: 'hasPending', params: agent },
          actions: [
            { type: 'tellNext', params: agent },
            { type: 'resume', params: agent },
          ],
        },
        { guard: { type: 'isFor', params: agent }, target: 'running' },
      ],
      [`xstate.error.actor.${agent}`]: failureOf(agent),
    },
  });
}

function runningOf<Name extends AgentName>(agent: Name) {
  return tenantSetup.createStateConfig({
    on: {
      'agent.told': [
        {
          guard: { type: 'isForDown', params: agent },
          actions: { type: 'keepForLater', params: agent },
        },
        { guard: { type: 'isFor', params: agent }, actions: { type: 'tell', params: agent } },
      ],
      [`xstate.error.actor.${agent}`]: failureOf(agent),
    },
  });
}

function keptFor<Name extends AgentName>(agent: Name) {
  return [
    { guard: { type: 'isForFull', params: agent }, target: 'stopped' },
    { guard: { type: 'isFor', params: agent }, actions: { type: 'keepForLater', params: agent } },
  ] as const;
}

function failureOf<Name extends AgentName>(agent: Name) {
  return {
    target: 'failing',
    actions: [
      { type: 'dismissChildren', params: agent },
      {
        type: 'recordFailure',
        params: ({ event }: { event: TenantEvent }) => ({
          agent,
          error: 'error' in event ? event.error : null,
        }),
      },
      { type: 'announceFailed', params: agent },
    ],
  } as const;
}

export const tenantMachine = tenantSetup.createMachine({
  id: 'tenant',
  type: 'parallel',
  context: ({ input }) => ({ inputs: input.inputs, lives: livesOf(input), refs: {} }),
  on: {
    'agent.heard': { actions: { type: 'passOn', params: ({ event }) => event } },
  },
  states: {
    observer: lifeOf('observer'),
    scorer: lifeOf('scorer'),
    negotiator: lifeOf('negotiator'),
    executor: lifeOf('executor'),
    governance: lifeOf('governance'),
  },
});

function livesOf({ inputs }: TenantInput): TenantContext['lives'] {
  const lives = agentNames.map((agent) => [agent, firstLife(inputs[agent])] as const);
  return Object.fromEntries(lives) as Record<AgentName, Life>;
}

function isFor(event: TenantEvent, agent: AgentName): boolean {
  return (event.type === 'agent.told' || event.type === 'agent.resumed') && event.agent === agent;
}

/** Whatever an agent emits is one of its words: its machine types say so. */
function heardFrom(agent: AgentName, said: { readonly type: string }): TenantEvent {
  return { type: 'agent.heard', agent, event: said as AgentEmitted };
}

function failureIn(agent: AgentName, error: unknown, ref: AnyActorRef | undefined): Failure {
  const snapshot: unknown = ref?.getSnapshot();
  const hasState = typeof snapshot === 'object' && snapshot !== null && 'context' in snapshot;
  if (!ref || !hasState) return { agent, error, context: null, persisted: null };
  const persisted = {
    ...(ref.getPersistedSnapshot() as Snapshot<unknown>),
    status: 'active',
    error: undefined,
  } as Snapshot<unknown>;
  return { agent, error, context: snapshot.context, persisted };
}

function childrenOf(ref: AnyActorRef | undefined): readonly AnyActorRef[] {
  const snapshot: unknown = ref?.getSnapshot();
  if (typeof snapshot !== 'object' || snapshot === null || !('children' in snapshot)) return [];
  return Object.values(snapshot.children as Record<string, AnyActorRef>);
}
