/**
 * The observer: which anomalies become signals.
 *
 *   watching --anomaly.detected [isNews]--> watching, emits `signal`
 *            --anomaly.detected ----------> watching, says nothing
 *
 * Detectors run before it, over batches (observer.logic.ts): what arrives here is rare. The same
 * trouble is said once per cooldown of event time, or again when it gets worse; that rule is in
 * the logic file. Whether a signal is on disk is the host's duty.
 */
import { assign, emit, setup } from 'xstate';
import type { ObserverEmitted, ObserverEvent } from '#agents/events.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import {
  type Heard,
  isNews,
  type ObserverLimits,
  observerLimits,
  remember,
  signalOf,
} from './observer.logic.ts';

export interface ObserverInput {
  readonly tenant: string;
  readonly region: string;
  readonly limits?: ObserverLimits;
}

interface ObserverContext {
  readonly tenant: string;
  readonly region: string;
  readonly limits: ObserverLimits;
  readonly heard: Heard;
}

export const observerMachine = setup({
  types: {
    input: {} as ObserverInput,
    context: {} as ObserverContext,
    events: {} as ObserverEvent,
    emitted: {} as ObserverEmitted,
  },
  guards: {
    isNews: ({ context }, signal: Signal) => isNews(context.heard, signal, context.limits),
  },
  actions: {
    announceSignal: emit((_, signal: Signal) => ({ type: 'signal' as const, signal })),
    rememberSignal: assign(({ context }, signal: Signal) => ({
      heard: remember(context.heard, signal, context.limits),
    })),
  },
}).createMachine({
  id: 'observer',
  initial: 'watching',
  context: ({ input }) => ({
    tenant: input.tenant,
    region: input.region,
    limits: input.limits ?? observerLimits,
    heard: {},
  }),
  states: {
    watching: {
      on: {
        'anomaly.detected': {
          guard: {
            type: 'isNews',
            params: ({ context, event }) => signalOf(event.anomaly, context.tenant, context.region),
          },
          actions: [
            {
              type: 'announceSignal',
              params: ({ context, event }) =>
                signalOf(event.anomaly, context.tenant, context.region),
            },
            {
              type: 'rememberSignal',
              params: ({ context, event }) =>
                signalOf(event.anomaly, context.tenant, context.region),
            },
          ],
        },
      },
    },
  },
});
