/**
 * Governance: follows every certified decision of the tenant until it has ended.
 *
 *   running: one release machine a decision (release.machine.ts), each with its own timer
 *
 * The rule it upholds: only the region that executes a decision releases or closes it; the
 * others show what is missing. All it knows is on disk before it hears it: after a restart it
 * is told again, and says its gates and releases again, which changes nothing.
 */
import { assign, emit, enqueueActions, sendTo, setup, stopChild } from 'xstate';
import type { Decision, GovernanceEmitted, GovernanceEvent } from '../events.ts';
import { hear } from '../hear.ts';
import {
  approvalsMax,
  type CaseRecord,
  isNonceTaken,
  openCase,
  outlivedBy,
} from './governance.logic.ts';
import { releaseMachine } from './release.machine.ts';

export interface GovernanceInput {
  readonly approvalTtlMs: number;
}

export interface GovernanceContext extends GovernanceInput {
  readonly open: Readonly<Record<string, CaseRecord>>;
}

type DryRunRecorded = Extract<GovernanceEvent, { type: 'dry-run.recorded' }>;
type ApprovalRecorded = Extract<GovernanceEvent, { type: 'approval.recorded' }>;

interface Passed {
  readonly decisionId: string;
  readonly event: DryRunRecorded | ApprovalRecorded;
}

export const governanceMachine = setup({
  types: {
    input: {} as GovernanceInput,
    context: {} as GovernanceContext,
    /** What its release machines say, it hears. */
    events: {} as GovernanceEvent | GovernanceEmitted,
    emitted: {} as GovernanceEmitted,
  },
  actors: { release: releaseMachine },
  guards: {
    isNew: ({ context }, { decisionId }: Decision) => context.open[decisionId] === undefined,
    isKnown: ({ context }, decisionId: string) => context.open[decisionId] !== undefined,
    isUndecided: ({ context }, decisionId: string) => context.open[decisionId]?.isClosed === false,
    isUsed: ({ context }, { approval }: ApprovalRecorded) => isNonceTaken(context.open, approval),
    isMine: (_, { mine }: Decision) => mine,
  },
  actions: {
    forgetOutlived: enqueueActions(({ context, enqueue }, decision: Decision) => {
      for (const id of outlivedBy(context.open, decision)) enqueue.stopChild(childOf(id));
    }),
    openCase: assign(({ context, spawn, self }, decision: Decision) => {
      const { approvalTtlMs, open } = context;
      const id = childOf(decision.decisionId);
      hear(spawn('release', { id, input: { decision, approvalTtlMs } }), self);
      return { open: openCase(open, decision) };
    }),
    recordDryRun: assign(({ context }, { dryRun }: DryRunRecorded) => ({
      open: amend(context.open, dryRun.decisionId, (known) => ({ ...known, dryRun })),
    })),
    recordApproval: assign(({ context }, { approval, roles }: ApprovalRecorded) => ({
      open: amend(context.open, approval.decisionId, (known) => ({
        ...known,
        approvals: [...known.approvals, { approval, roles }].slice(-approvalsMax),
      })),
    })),
    passOn: sendTo(
      (_, { decisionId }: Passed) => childOf(decisionId),
      (_, { event }: Passed) => event,
    ),
    markClosed: assign(({ context }, { decisionId }: Decision) => ({
      open: amend(context.open, decisionId, (known) => ({ ...known, isClosed: true })),
    })),
    dismissCase: stopChild((_, decisionId: string) => childOf(decisionId)),
    forgetCase: assign(({ context }, decisionId: string) => {
      const { [decisionId]: _ended, ...open } = context.open;
      return { open };
    }),
    say: emit((_, said: GovernanceEmitted) => said),
    sayIfMine: enqueueActions(
      ({ enqueue }, said: Extract<GovernanceEmitted, { type: 'close' }>) => {
        if (said.decision.mine) enqueue.emit(said);
      },
    ),
    alertUsed: emit((_, { approval }: ApprovalRecorded) => ({
      type: 'alert' as const,
      policy: 'P2' as const,
      subject: approval.decisionId,
      reason: 'an approval with a used nonce',
    })),
  },
}).createMachine({
  id: 'governance',
  context: ({ input }) => ({ ...input, open: {} }),
  on: {
    'decision.certified': {
      guard: { type: 'isNew', params: ({ event }) => event.decision },
      actions: [
        { type: 'forgetOutlived', params: ({ event }) => event.decision },
        { type: 'openCase', params: ({ event }) => event.decision },
      ],
    },
    'dry-run.recorded': {
      guard: { type: 'isUndecided', params: ({ event }) => event.dryRun.decisionId },
      actions: [
        { type: 'recordDryRun', params: ({ event }) => event },
        {
          type: 'passOn',
          params: ({ event }) => ({ decisionId: event.dryRun.decisionId, event }),
        },
      ],
    },
    'approval.recorded': [
      {
        guard: { type: 'isUsed', params: ({ event }) => event },
        actions: { type: 'alertUsed', params: ({ event }) => event },
      },
      {
        guard: { type: 'isUndecided', params: ({ event }) => event.approval.decisionId },
        actions: [
          { type: 'recordApproval', params: ({ event }) => event },
          {
            type: 'passOn',
            params: ({ event }) => ({ decisionId: event.approval.decisionId, event }),
          },
        ],
      },
    ],
    'enactment.recorded': {
      guard: { type: 'isKnown', params: ({ event }) => event.enactment.decisionId },
      actions: [
        { type: 'dismissCase', params: ({ event }) => event.enactment.decisionId },
        { type: 'forgetCase', params: ({ event }) => event.enactment.decisionId },
      ],
    },
    gate: { actions: { type: 'say', params: ({ event }) => event } },
    release: {
      guard: { type: 'isMine', params: ({ event }) => event.decision },
      actions: { type: 'say', params: ({ event }) => event },
    },
    close: {
      actions: [
        { type: 'markClosed', params: ({ event }) => event.decision },
        { type: 'sayIfMine', params: ({ event }) => event },
      ],
    },
    alert: { actions: { type: 'say', params: ({ event }) => event } },
  },
});

function childOf(decisionId: string): string {
  return `release:${decisionId}`;
}

function amend(
  open: GovernanceContext['open'],
  decisionId: string,
  change: (known: CaseRecord) => CaseRecord,
): GovernanceContext['open'] {
  const known = open[decisionId];
  return known ? { ...open, [decisionId]: change(known) } : open;
}
