/**
 * One decision at governance: from its certificate to a release, or to the reason for none.
 *
 *   awaitingDryRun --> judging --> collecting --> released --(late denial)--> closed
 *                         |            |
 *                         |            +-- denied, or the approval TTL is over --> closed
 *                         +-- dry-run failed, or an empty gate that P3 forbids --> closed
 *
 * The rule it upholds: a decision is released only after a passed dry-run and with every
 * approval its gate names; a denial wins, also over a release that nobody has acted on yet;
 * time alone never releases. Which approvals count is in approvals.ts; what a close means for
 * an enactment that has begun is the executor's to say.
 */
import { assign, emit, setup } from 'xstate';
import type { GovernanceEmitted, GovernanceEvent } from '../events.ts';
import type { RecordedApproval } from './approvals.ts';
import {
  approvalsMax,
  type Case,
  closingOf,
  expiresAtOf,
  faultIn,
  isGateUnsafe,
  missingIn,
  tallyOf,
} from './governance.logic.ts';
import { isOpen } from './policies/gate.ts';

export type ReleaseInput = Pick<Case, 'decision' | 'approvalTtlMs'>;

/** Its governance ended without it; also sent when the decision has ended elsewhere. */
export interface Dismissed {
  readonly type: 'case.dismissed';
}

type Event =
  | Extract<GovernanceEvent, { type: 'dry-run.recorded' | 'approval.recorded' }>
  | Dismissed;

export const releaseMachine = setup({
  types: {
    input: {} as ReleaseInput,
    context: {} as Case,
    events: {} as Event,
    emitted: {} as GovernanceEmitted,
  },
  delays: { approvalTtl: ({ context }) => context.ttlLeftMs },
  guards: {
    dryRunFailed: ({ context }) => context.dryRun?.verdict === 'fail',
    gateIsUnsafe: ({ context }) => isGateUnsafe(context.decision),
    isDenied: ({ context }) => tallyOf(context).denial !== null,
    isSatisfied: ({ context }) => isOpen(missingIn(context)),
    canRecord: ({ context }, recorded: RecordedApproval) =>
      (context.approvals.length < approvalsMax || recorded.approval.verdict === 'deny') &&
      faultIn(context, recorded) === null,
    isByProposer: ({ context }, recorded: RecordedApproval) =>
      faultIn(context, recorded) === 'proposer',
  },
  actions: {
    recordDryRun: assign(
      ({ context }, params: Extract<GovernanceEvent, { type: 'dry-run.recorded' }>) => ({
        dryRun: params.dryRun,
        ttlLeftMs: params.ttlLeftMs ?? context.approvalTtlMs,
      }),
    ),
    recordApproval: assign(({ context }, recorded: RecordedApproval) => ({
      approvals: [...context.approvals, recorded],
    })),
    announceGate: emit(({ context }) => ({
      type: 'gate' as const,
      decision: context.decision,
      missing: missingIn(context),
      expiresAt: context.dryRun ? expiresAtOf(context.dryRun, context.approvalTtlMs) : 0,
    })),
    announceRelease: emit(({ context }) => ({
      type: 'release' as const,
      decision: context.decision,
      approvers: tallyOf(context).counted.map(({ approval }) => approval.approver),
    })),
    announceClose: emit(({ context }) => ({
      type: 'close' as const,
      decision: context.decision,
      ...closingOf(context),
    })),
    alertProposer: emit(({ context }) => ({
      type: 'alert' as const,
      policy: 'P3' as const,
      subject: context.decision.decisionId,
      reason: 'its proposer tried to approve it',
    })),
    alertGate: emit(({ context }) => ({
      type: 'alert' as const,
      policy: 'P3' as const,
      subject: context.decision.decisionId,
      reason: 'certified with an empty gate although it needs a person',
    })),
  },
}).createMachine({
  id: 'release',
  initial: 'awaitingDryRun',
  context: ({ input }) => ({
    ...input,
    dryRun: null,
    ttlLeftMs: input.approvalTtlMs,
    approvals: [],
  }),
  on: { 'case.dismissed': '.dismissed' },
  states: {
    awaitingDryRun: {
      on: {
        'dry-run.recorded': {
          target: 'judging',
          actions: { type: 'recordDryRun', params: ({ event }) => event },
        },
      },
    },
    judging: {
      always: [
        { guard: 'dryRunFailed', target: 'closed' },
        { guard: 'gateIsUnsafe', target: 'closed', actions: 'alertGate' },
        { target: 'collecting' },
      ],
    },
    collecting: {
      entry: 'announceGate',
      always: [
        { guard: 'isDenied', target: 'closed' },
        { guard: 'isSatisfied', target: 'released' },
      ],
      after: { approvalTtl: 'closed' },
      on: {
        'approval.recorded': [
          {
            guard: { type: 'canRecord', params: ({ event }) => event },
            actions: [{ type: 'recordApproval', params: ({ event }) => event }, 'announceGate'],
          },
          {
            guard: { type: 'isByProposer', params: ({ event }) => event },
            actions: 'alertProposer',
          },
        ],
      },
    },
    released: {
      entry: 'announceRelease',
      always: { guard: 'isDenied', target: 'closed' },
      on: {
        'approval.recorded': {
          guard: { type: 'canRecord', params: ({ event }) => event },
          actions: { type: 'recordApproval', params: ({ event }) => event },
        },
      },
    },
    closed: { entry: 'announceClose', type: 'final' },
    dismissed: { type: 'final' },
  },
});
