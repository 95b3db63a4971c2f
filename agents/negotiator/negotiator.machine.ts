/**
 * The negotiator: what this region puts forward, and what it answers to others.
 *
 *                    +--------------- done | error | timeout ---------------+
 *                    v                                                      |
 *   idle --[a counter waits]---> countering   (asks composeCounter)  -------+  emits `verdict`
 *        --[a candidate waits]-> composing    (asks composeCandidate) ------+  emits `candidate`
 *
 * In every state risks, judgements and closed decisions are taken in: what needs composing waits
 * in one of two bounded queues, counters first, since a ballot waits for them. A judgement is
 * always answered: at once when it accepts or there is nothing to counter with, by the plain
 * rejection when the queue is full or composing fails. Services are independent; what is
 * remembered of each is in negotiator.logic.ts.
 *
 * The work under way is the head of its queue and leaves it only with its answer, so a restored
 * machine asks again and loses nothing. Votes are counted in the ballot core, not here.
 */
import { assign, emit, setup } from 'xstate';
import type { NegotiatorEmitted, NegotiatorEvent } from '#agents/events.ts';
import { unprovided } from '#agents/unprovided.ts';
import { required } from '#protocols/assert.ts';
import type { Instance } from '#protocols/ids.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import { type Intent, type NegotiatorLimits, negotiatorLimits } from './negotiator.logic.ts';
import {
  abandonCandidate,
  afterCandidate,
  afterCounter,
  afterRisk,
  afterVerdict,
  type CandidateWork,
  type CounterWork,
  counterFor,
  hasRoom,
  type Judged,
  type NegotiatorMemory,
  settled,
  withCounter,
  withoutCounter,
} from './work.ts';

export interface NegotiatorInput {
  readonly tenant: string;
  readonly region: string;
  /** All regions of the federation, this one included. */
  readonly regions: readonly string[];
  readonly limits?: NegotiatorLimits;
  readonly queueMax?: number;
  /** How long the region may take to compose, by the node's clock. */
  readonly composeMs?: number;
}

export interface CounterRequest {
  readonly intent: Intent;
  readonly instance: Instance;
  readonly risk: Risk;
  /** What the counter answers. */
  readonly manifest: Manifest;
}

export interface Composed {
  readonly manifest: Manifest;
  readonly judgement: Judgement;
}

interface NegotiatorContext extends NegotiatorMemory {
  readonly composeMs: number;
}

type Closed = Extract<NegotiatorEvent, { type: 'decision.closed' }>;
interface Verdict {
  readonly judged: Judged;
  readonly judgement: Judgement;
  readonly counter: Manifest | null;
}

export const negotiatorMachine = setup({
  types: {
    input: {} as NegotiatorInput,
    context: {} as NegotiatorContext,
    events: {} as NegotiatorEvent,
    emitted: {} as NegotiatorEmitted,
  },
  actors: {
    composeCandidate: unprovided<Composed | null, CandidateWork>('composeCandidate'),
    composeCounter: unprovided<Manifest | null, CounterRequest>('composeCounter'),
  },
  delays: {
    composeTimeout: ({ context }) => context.composeMs,
  },
  guards: {
    aCounterWaits: ({ context }) => context.counters.length > 0,
    aCandidateWaits: ({ context }) => context.candidates.length > 0,
    isComposed: (_, output: Composed | null) => output !== null,
    wouldCounter: ({ context }, judged: Judged) =>
      hasRoom(context) && counterFor(context, judged) !== null,
    isTooBusy: ({ context }, judged: Judged) => counterFor(context, judged) !== null,
  },
  actions: {
    considerRisk: assign(({ context }, risk: Risk) => afterRisk(context, risk)),
    queueCounter: assign(({ context }, judged: Judged) => withCounter(context, judged)),
    noteOpened: assign(({ context }, instance: Instance) => afterVerdict(context, instance)),
    noteClosed: assign(({ context }, closed: Closed) => settled(context, closed)),
    announceCandidate: emit((_, composed: Composed) => ({
      type: 'candidate' as const,
      manifest: composed.manifest,
      judgement: composed.judgement,
    })),
    finishCandidate: assign(({ context }, { manifest }: Composed) =>
      afterCandidate(context, manifest),
    ),
    abandonCandidate: assign(({ context }) => abandonCandidate(context)),
    announceVerdict: emit((_, { judged, judgement, counter }: Verdict) => ({
      type: 'verdict' as const,
      instance: judged.instance,
      value: judged.value,
      judgement,
      counter,
    })),
    finishCounter: assign(({ context }) => afterCounter(context)),
  },
}).createMachine({
  id: 'negotiator',
  initial: 'idle',
  context: ({ input }) => ({
    region: input.region,
    regions: input.regions,
    limits: input.limits ?? negotiatorLimits,
    // A ballot's worth of work for every service of a busy tenant; beyond it, plain rejections.
    queueMax: input.queueMax ?? 64,
    // Observing a target takes a driver call or two.
    composeMs: input.composeMs ?? 10_000,
    at: 0,
    services: {},
    candidates: [],
    counters: [],
  }),
  on: {
    'risk.recorded': { actions: { type: 'considerRisk', params: ({ event }) => event.risk } },
    'judgement.recorded': [
      {
        guard: { type: 'wouldCounter', params: ({ event }) => event },
        actions: [
          { type: 'queueCounter', params: ({ event }) => event },
          { type: 'noteOpened', params: ({ event }) => event.instance },
        ],
      },
      {
        guard: { type: 'isTooBusy', params: ({ event }) => event },
        actions: [
          {
            type: 'announceVerdict',
            params: ({ event }) => ({
              judged: event,
              judgement: withoutCounter(event.judgement, 'too much to compose at the moment'),
              counter: null,
            }),
          },
          { type: 'noteOpened', params: ({ event }) => event.instance },
        ],
      },
      {
        actions: [
          {
            type: 'announceVerdict',
            params: ({ event }) => ({
              judged: event,
              judgement: event.judgement,
              counter: null,
            }),
          },
          { type: 'noteOpened', params: ({ event }) => event.instance },
        ],
      },
    ],
    'decision.closed': { actions: { type: 'noteClosed', params: ({ event }) => event } },
  },
  states: {
    idle: {
      always: [
        { guard: 'aCounterWaits', target: 'countering' },
        { guard: 'aCandidateWaits', target: 'composing' },
      ],
    },
    composing: {
      invoke: {
        id: 'composeCandidate',
        src: 'composeCandidate',
        input: ({ context }) => headOf(context.candidates),
        onDone: [
          {
            guard: { type: 'isComposed', params: ({ event }) => event.output },
            actions: [
              { type: 'announceCandidate', params: ({ event }) => composedOf(event.output) },
              { type: 'finishCandidate', params: ({ event }) => composedOf(event.output) },
            ],
            target: 'idle',
          },
          { actions: 'abandonCandidate', target: 'idle' },
        ],
        onError: { actions: 'abandonCandidate', target: 'idle' },
      },
      after: { composeTimeout: { actions: 'abandonCandidate', target: 'idle' } },
    },
    countering: {
      invoke: {
        id: 'composeCounter',
        src: 'composeCounter',
        input: ({ context }) => requestOf(headOf(context.counters)),
        onDone: {
          actions: [
            {
              type: 'announceVerdict',
              params: ({ context, event }) => answerTo(headOf(context.counters), event.output),
            },
            'finishCounter',
          ],
          target: 'idle',
        },
        onError: {
          actions: [
            {
              type: 'announceVerdict',
              params: ({ context }) => failureOf(headOf(context.counters), 'composing it failed'),
            },
            'finishCounter',
          ],
          target: 'idle',
        },
      },
      after: {
        composeTimeout: {
          actions: [
            {
              type: 'announceVerdict',
              params: ({ context }) =>
                failureOf(headOf(context.counters), 'composing took too long'),
            },
            'finishCounter',
          ],
          target: 'idle',
        },
      },
    },
  },
});

function headOf<T>(queue: readonly T[]): T {
  return required(queue[0], 'work under way is the head of its queue');
}

function composedOf(output: Composed | null): Composed {
  return required(output, 'isComposed lets only manifests through');
}

function requestOf({ intent, judged }: CounterWork): CounterRequest {
  const { instance, risk, manifest } = judged;
  return { intent, instance, risk, manifest };
}

function answerTo({ judged }: CounterWork, counter: Manifest | null): Verdict {
  return counter
    ? { judged, judgement: judged.judgement, counter }
    : failureOf({ judged }, 'the target leaves no room for it');
}

function failureOf({ judged }: Pick<CounterWork, 'judged'>, why: string): Verdict {
  return { judged, judgement: withoutCounter(judged.judgement, why), counter: null };
}
