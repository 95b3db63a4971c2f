/**
 * The executor of a tenant: many decisions, one enactment a target at a time.
 *
 *   running: one enactment machine a decision (enactment.machine.ts); plan.ts says which may
 *            open, start, or must end; cooldown and hourly bound are timers here
 *
 * The rule it upholds: what starts is certified, released, the newest of its target, and held
 * by no stop. It forgets nothing that matters: after a restart it is told of stops, of open
 * decisions, and of intents without a result, which it probes.
 */
import { assign, emit, enqueueActions, setup, stopChild } from 'xstate';
import { required } from '#protocols/assert.ts';
import type { DryRun, Stop } from '#protocols/messages/enactment.ts';
import type { Decision, EnactmentResult, ExecutorEmitted, ExecutorEvent } from '../events.ts';
import { hear } from '../hear.ts';
import { resultWithout } from './enactment.logic.ts';
import { enactmentMachine } from './enactment.machine.ts';
import {
  admit,
  afterCooldown,
  closeOrders,
  conclude,
  type ExecutorContext,
  type ExecutorInput,
  endingOf,
  hourMs,
  isHalted,
  isNew,
  newer,
  type Order,
  openingStage,
  plannedOf,
  startOf,
  stopOrders,
  stopReasonOf,
  supersedeOrders,
  touched,
} from './executor.logic.ts';
import {
  amend,
  isOutdated,
  nextToStart,
  openable,
  type Planned,
  recordStop,
  release,
} from './plan.ts';

type Certified = Extract<ExecutorEvent, { type: 'decision.certified' }>;
type Found = Extract<ExecutorEvent, { type: 'enactment.found' }>;

type Result = EnactmentResult;

type Waited =
  | { readonly type: 'cooldown.ended'; readonly target: string }
  | { readonly type: 'hour.ended' };

export const executorMachine = setup({
  types: {
    input: {} as ExecutorInput,
    context: {} as ExecutorContext,
    /** What its enactment machines say, it hears. */
    events: {} as ExecutorEvent | ExecutorEmitted | Waited,
    emitted: {} as ExecutorEmitted,
  },
  actors: { enactment: enactmentMachine },
  guards: {
    isNew: ({ context }, decision: Decision) => isNew(context, decision),
    isOutdated: ({ context }, decision: Decision) =>
      isNew(context, decision) && isOutdated(context, decision),
    isHalted: ({ context }, { decision, stopped }: Found) =>
      isNew(context, decision) && isHalted(context, decision, stopped ?? false),
    isOpen: ({ context }, decisionId: string) => context.open[decisionId] !== undefined,
    isDryRunning: ({ context }, { decisionId }: DryRun) =>
      context.open[decisionId]?.stage === 'dryRunning',
    canOpen: ({ context }) => openable(context).length > 0,
    canStart: ({ context }) => nextToStart(context) !== null,
  },
  actions: {
    admit: assign(({ context }, planned: Planned) => admit(context, planned)),
    /** Tells enactment machines; ends what has none. */
    giveOrders: enqueueActions(({ context, enqueue }, orders: readonly Order[]) => {
      for (const { decisionId, event } of orders) {
        const planned = context.open[decisionId];
        const enactment = planned ? endingOf(planned, event) : null;
        if (enactment) {
          enqueue.emit({ type: 'enactment', enactment });
          enqueue.assign(({ context: now }) => conclude(now, enactment));
        } else enqueue.sendTo(childOf(decisionId), event);
      }
    }),
    recordRelease: assign(({ context }, decisionId: string) => ({
      open: release(context.open, decisionId),
    })),
    recordStop: assign(({ context }, stop: Stop) => ({ stops: recordStop(context, stop) })),
    openHeld: assign(({ context, spawn, self }) => {
      const id = required(openable(context)[0], 'canOpen lets only what can open through');
      const planned = required(context.open[id], 'what can open is in the plan');
      const { decision, dryRun, found } = planned;
      const stop = stopReasonOf(context, planned);
      const input = { decision, dryRun, found, stop };
      hear(spawn('enactment', { id: childOf(id), input }), self);
      return { open: amend(context.open, id, { stage: openingStage(planned) }) };
    }),
    startNext: enqueueActions(({ context, enqueue }) => {
      const id = required(nextToStart(context), 'canStart lets only what can start through');
      enqueue.assign({
        open: amend(context.open, id, { stage: 'started' }),
        startedLately: context.startedLately + 1,
        waits: context.waits + 1,
      });
      enqueue.raise({ type: 'hour.ended' }, { delay: hourMs, id: `hour:${context.waits}` });
      enqueue.sendTo(childOf(id), { type: 'start.granted' });
    }),
    resumeWaits: enqueueActions(({ context, enqueue }) => {
      const cooldownMs = context.limits.cooldownSeconds * 1000;
      context.recent.forEach(({ target, startedAgoMs, endedAgoMs }, index) => {
        if (startedAgoMs < hourMs) {
          const id = `hour:before:${index}`;
          enqueue.raise({ type: 'hour.ended' }, { delay: hourMs - startedAgoMs, id });
        }
        if (endedAgoMs < cooldownMs) {
          const id = `cooldown:before:${index}`;
          enqueue.raise({ type: 'cooldown.ended', target }, { delay: cooldownMs - endedAgoMs, id });
        }
      });
    }),
    recordDryRun: assign(({ context }, dryRun: DryRun) => ({
      open: amend(context.open, dryRun.decisionId, { stage: 'waiting', dryRun }),
    })),
    say: emit((_, said: ExecutorEmitted) => said),
    coolDown: enqueueActions(({ context, enqueue }, { decisionId, instance, outcome }: Result) => {
      if (!touched(outcome, context.open[decisionId])) return;
      const delay = context.limits.cooldownSeconds * 1000;
      const event = { type: 'cooldown.ended', target: instance.target } as const;
      enqueue.assign({ waits: context.waits + 1 });
      enqueue.raise(event, { delay, id: `cooldown:${context.waits}` });
    }),
    endDecision: assign(({ context }, result: Result) => conclude(context, result)),
    forgetChild: stopChild((_, decisionId: string) => childOf(decisionId)),
    endCooldown: assign(({ context }, target: string) => ({
      cooling: afterCooldown(context.cooling, target),
    })),
    endHour: assign(({ context }) => ({ startedLately: context.startedLately - 1 })),
  },
}).createMachine({
  id: 'executor',
  context: ({ input }) => startOf(input),
  entry: 'resumeWaits',
  always: [
    { guard: 'canOpen', actions: 'openHeld' },
    { guard: 'canStart', actions: 'startNext' },
  ],
  on: {
    'decision.certified': [
      {
        guard: { type: 'isOutdated', params: ({ event }) => event.decision },
        actions: [
          { type: 'say', params: ({ event }) => outdated(event) },
          { type: 'endDecision', params: ({ event }) => outdated(event).enactment },
        ],
      },
      {
        guard: { type: 'isNew', params: ({ event }) => event.decision },
        actions: [
          {
            type: 'giveOrders',
            params: ({ context, event }) => supersedeOrders(context, event.decision),
          },
          { type: 'admit', params: ({ event }) => plannedOf(event.decision, event) },
        ],
      },
    ],
    'enactment.found': [
      {
        guard: { type: 'isHalted', params: ({ event }) => event },
        actions: [
          { type: 'say', params: ({ event }) => halted(event) },
          { type: 'endDecision', params: ({ event }) => halted(event).enactment },
        ],
      },
      {
        guard: { type: 'isNew', params: ({ event }) => event.decision },
        actions: {
          type: 'admit',
          params: ({ event }) => plannedOf(event.decision, { ...event, found: true }),
        },
      },
    ],
    'decision.released': {
      guard: { type: 'isOpen', params: ({ event }) => event.decisionId },
      actions: { type: 'recordRelease', params: ({ event }) => event.decisionId },
    },
    'decision.closed': {
      guard: { type: 'isOpen', params: ({ event }) => event.decisionId },
      actions: { type: 'giveOrders', params: ({ context, event }) => closeOrders(context, event) },
    },
    'stop.recorded': {
      actions: [
        { type: 'recordStop', params: ({ event }) => event.stop },
        { type: 'giveOrders', params: ({ context, event }) => stopOrders(context, event.stop) },
      ],
    },
    'dry-run': {
      guard: { type: 'isDryRunning', params: ({ event }) => event.dryRun },
      actions: [
        { type: 'recordDryRun', params: ({ event }) => event.dryRun },
        { type: 'say', params: ({ event }) => event },
      ],
    },
    enactment: {
      guard: { type: 'isOpen', params: ({ event }) => event.enactment.decisionId },
      actions: [
        { type: 'say', params: ({ event }) => event },
        { type: 'coolDown', params: ({ event }) => event.enactment },
        { type: 'endDecision', params: ({ event }) => event.enactment },
        { type: 'forgetChild', params: ({ event }) => event.enactment.decisionId },
      ],
    },
    'cooldown.ended': {
      actions: { type: 'endCooldown', params: ({ event }) => event.target },
    },
    'hour.ended': { actions: 'endHour' },
  },
});

function outdated({ decision }: Certified): Extract<ExecutorEmitted, { type: 'enactment' }> {
  const enactment = resultWithout(decision, { outcome: 'superseded', reason: newer });
  return { type: 'enactment', enactment };
}

function halted({ decision }: Found): Extract<ExecutorEmitted, { type: 'enactment' }> {
  const reason = 'emergency-stop: what became of it is not known';
  return { type: 'enactment', enactment: resultWithout(decision, { outcome: 'aborted', reason }) };
}

function childOf(decisionId: string): string {
  return `enactment:${decisionId}`;
}
