/**
 * The scorer: how worried this region is, and what it thinks of a manifest.
 *
 *   scoring --signal.recorded -----------> scoring, emits `risk`
 *           --time.advanced [isNews] ----> scoring, emits `risk`: worry that lasts or fades
 *           --time.advanced -------------> scoring, forgets what has faded
 *           --judgement.requested -------> scoring, emits `judgement`
 *
 * What signals weigh is in risk.ts, what supports an action in confidence.ts. Event time comes
 * in with the events; there is no clock here.
 */
import { assign, emit, setup } from 'xstate';
import type { ScorerEmitted, ScorerEvent } from '#agents/events.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { judge } from './confidence.ts';
import {
  advance,
  isNews,
  type RiskLimits,
  recordSignal,
  riskLimits,
  riskOf,
  type ScorerState,
  scorerStart,
} from './risk.ts';

export interface ScorerInput {
  readonly tenant: string;
  readonly region: string;
  /** From the policy in force. */
  readonly confidenceMin: number;
  readonly scaleHighRiskFactor: number;
  readonly limits?: RiskLimits;
}

interface ScorerContext {
  readonly tenant: string;
  readonly region: string;
  readonly confidenceMin: number;
  readonly scaleHighRiskFactor: number;
  readonly limits: RiskLimits;
  readonly scorer: ScorerState;
  /** The risk said last. */
  readonly announced: Risk | null;
}

type JudgementRequested = Extract<ScorerEvent, { type: 'judgement.requested' }>;

const riskAt = (context: ScorerContext, scorer = context.scorer): Risk =>
  riskOf(scorer, context.tenant, context.region, context.limits);

export const scorerMachine = setup({
  types: {
    input: {} as ScorerInput,
    context: {} as ScorerContext,
    events: {} as ScorerEvent,
    emitted: {} as ScorerEmitted,
  },
  guards: {
    isNews: ({ context }, at: number) =>
      isNews(riskAt(context, advance(context.scorer, at, context.limits)), context.announced),
  },
  actions: {
    recordSignal: assign(({ context }, signal: Signal) => ({
      scorer: recordSignal(context.scorer, signal, context.limits),
    })),
    advanceTime: assign(({ context }, at: number) => ({
      scorer: advance(context.scorer, at, context.limits),
    })),
    announceRisk: emit(({ context }) => ({ type: 'risk' as const, risk: riskAt(context) })),
    rememberRisk: assign(({ context }) => ({ announced: riskAt(context) })),
    announceJudgement: emit(({ context }, asked: JudgementRequested) => ({
      type: 'judgement' as const,
      instance: asked.instance,
      value: asked.value,
      manifest: asked.manifest,
      observed: asked.observed,
      judgement: judge({ ...context, ...asked, state: context.scorer }),
      risk: riskAt(context),
    })),
  },
}).createMachine({
  id: 'scorer',
  initial: 'scoring',
  context: ({ input }) => ({
    tenant: input.tenant,
    region: input.region,
    confidenceMin: input.confidenceMin,
    scaleHighRiskFactor: input.scaleHighRiskFactor,
    limits: input.limits ?? riskLimits,
    scorer: scorerStart,
    announced: null,
  }),
  states: {
    scoring: {
      on: {
        'signal.recorded': {
          actions: [
            { type: 'recordSignal', params: ({ event }) => event.signal },
            'announceRisk',
            'rememberRisk',
          ],
        },
        'time.advanced': [
          {
            guard: { type: 'isNews', params: ({ event }) => event.at },
            actions: [
              { type: 'advanceTime', params: ({ event }) => event.at },
              'announceRisk',
              'rememberRisk',
            ],
          },
          { actions: { type: 'advanceTime', params: ({ event }) => event.at } },
        ],
        'judgement.requested': {
          actions: { type: 'announceJudgement', params: ({ event }) => event },
        },
      },
    },
  },
});
