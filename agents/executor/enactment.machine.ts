/**
 * One certified decision at its executor, from the dry-run to its one outcome.
 *
 *   dryRunning -> waiting -> preparing -> snapshotting -> applying -> verifying -> enacted
 *       |            |           |             |             |  |         |
 *     failed      closed     refused      void: drift  fenced|  |error  undoing -> restoring
 *                                ^                    expired|  v         ^  |         |
 *                                +--- not applied, not tried -- probing --+  v         v
 *                                          (found after a crash: starts here)  failed  rolled back
 *
 * The rules it upholds (architecture 4.6, invariants I8 and I10):
 * - The intent is durable before the snapshot, the snapshot before the act.
 * - An unknown outcome is probed. Only what a probe shows not to have happened goes forward,
 *   once, through `preparing`, so that every check is made again.
 * - `abort` restores; `emergency-stop` (`halt.ordered`) leaves at once without a further call.
 *   A call under way is told so by its abort signal.
 * - It says `enactment` exactly once.
 *
 * What may start when is the executor's plan (plan.ts). Driver, disk and clock are the region's:
 * it provides the actors, each of which writes its own facts before it answers.
 */
import { assign, emit, setup } from 'xstate';
import { required } from '#protocols/assert.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import type { CloseOutcome, Decision, ExecutorEmitted } from '../events.ts';
import { unprovided } from '../unprovided.ts';
import {
  type Applied,
  afterProbe,
  attemptsMax,
  type Conclusion,
  canRestore,
  type EnactmentContext,
  type EnactmentInput,
  hasDrifted,
  type Probed,
  type Restored,
  type RestoreInput,
  reasonOf,
  refusalOf,
  restoredAs,
  resultOf,
  retryPauseMs,
  type Snapshot,
  startOf,
  type Verified,
} from './enactment.logic.ts';
import type { IntentVerdict } from './plan.ts';

export type EnactmentEvent =
  | { readonly type: 'start.granted' }
  | {
      readonly type: 'decision.closed';
      readonly outcome: CloseOutcome | 'superseded' | 'aborted';
      readonly reason: string;
    }
  | { readonly type: 'abort.ordered'; readonly reason: string }
  | { readonly type: 'halt.ordered'; readonly reason: string }
  /** Its executor is gone; a new one will find what it left. */
  | { readonly type: 'enactment.dismissed' };

export const enactmentMachine = setup({
  types: {
    input: {} as EnactmentInput,
    context: {} as EnactmentContext,
    events: {} as EnactmentEvent,
    emitted: {} as ExecutorEmitted,
  },
  actors: {
    runDryRun: unprovided<DryRun, Decision>('runDryRun'),
    prepare: unprovided<IntentVerdict, Decision>('prepare'),
    takeSnapshot: unprovided<Snapshot, Decision>('takeSnapshot'),
    applyAction: unprovided<Applied, Decision>('applyAction'),
    verifyTarget: unprovided<Verified, Decision>('verifyTarget'),
    restoreTarget: unprovided<Restored, RestoreInput>('restoreTarget'),
    probeTarget: unprovided<Probed, Decision>('probeTarget'),
  },
  delays: { retryPause: ({ context }) => retryPauseMs * 2 ** (context.attempts - 1) },
  guards: {
    isFound: ({ context }) => context.found,
    hasDryRun: ({ context }) => context.dryRun !== null,
    dryRunFailed: ({ context }) => context.dryRun?.verdict === 'fail',
    isRefused: (_, verdict: IntentVerdict) => !verdict.ok,
    isStopped: ({ context }) => context.stop !== null,
    hasDrifted: ({ context }) => hasDrifted(context),
    isFenced: (_, applied: Applied) => applied === 'fenced',
    isExpired: (_, applied: Applied) => applied === 'expired',
    isVerified: (_, verified: Verified) => verified.ok,
    canRestore: ({ context }) => canRestore(context),
    reached: (_, probed: Probed) => probed.applied,
    wasTried: ({ context }) => context.tried,
    mayRepeat: ({ context }) => context.attempts < attemptsMax,
  },
  actions: {
    recordDryRun: assign((_, dryRun: DryRun) => ({ dryRun })),
    announceDryRun: emit((_, dryRun: DryRun) => ({ type: 'dry-run' as const, dryRun })),
    recordSnapshot: assign((_, { preState, state }: Snapshot) => ({ preState, before: state })),
    recordTry: assign({ tried: true }),
    recordVerified: assign((_, { postState, reasons }: Verified) => ({
      postState,
      reason: `verification failed: ${reasons.join('; ')}`,
    })),
    recordProbed: assign(({ context }, probed: Probed) => afterProbe(context, probed)),
    recordRestored: assign((_, { postState }: Restored) => ({ postState })),
    recordStop: assign((_, stop: string) => ({ stop })),
    recordReason: assign((_, reason: string) => ({ reason })),
    countAttempt: assign(({ context }) => ({ attempts: context.attempts + 1 })),
    startCounting: assign({ attempts: 0 }),
    conclude: assign((_, { outcome, reason }: Conclusion) => ({ outcome, reason })),
    concludeStopped: assign(({ context }) => ({
      outcome: 'aborted' as const,
      reason: context.stop ?? '',
    })),
    concludeRestored: assign(({ context }, restored: Restored) => restoredAs(context, restored)),
    concludeFailed: assign(({ context }, why: string) => ({
      outcome: 'failed' as const,
      reason: [why, context.stop ?? context.reason].filter((text) => text !== '').join(': '),
    })),
    announceResult: emit(({ context }) => ({
      type: 'enactment' as const,
      enactment: resultOf(context),
    })),
  },
}).createMachine({
  id: 'enactment',
  initial: 'opening',
  context: ({ input }) => startOf(input),
  on: {
    'abort.ordered': { actions: { type: 'recordStop', params: ({ event }) => event.reason } },
    'halt.ordered': {
      target: '.ended',
      actions: {
        type: 'conclude',
        params: ({ event }) => ({ outcome: 'aborted', reason: event.reason }),
      },
    },
    'enactment.dismissed': '.dismissed',
  },
  states: {
    opening: {
      always: [
        { guard: 'isFound', target: 'probing' },
        { guard: 'hasDryRun', target: 'weighing' },
        { target: 'dryRunning' },
      ],
    },
    dryRunning: {
      on: {
        'decision.closed': {
          target: 'ended',
          actions: { type: 'conclude', params: ({ event }) => event },
        },
      },
      invoke: {
        src: 'runDryRun',
        input: ({ context }) => context.decision,
        onDone: {
          target: 'weighing',
          actions: [
            { type: 'recordDryRun', params: ({ event }) => event.output },
            { type: 'announceDryRun', params: ({ event }) => event.output },
          ],
        },
        onError: {
          target: 'ended',
          actions: {
            type: 'concludeFailed',
            params: ({ event }) => `dry-run: ${reasonOf(event.error)}`,
          },
        },
      },
    },
    weighing: {
      always: [
        {
          guard: 'dryRunFailed',
          target: 'ended',
          actions: {
            type: 'conclude',
            params: ({ context }) => ({
              outcome: 'failed',
              reason: `dry-run: ${context.dryRun?.reasons.join('; ') ?? ''}`,
            }),
          },
        },
        { target: 'waiting' },
      ],
    },
    waiting: {
      on: {
        'start.granted': 'preparing',
        'decision.closed': {
          target: 'ended',
          actions: { type: 'conclude', params: ({ event }) => event },
        },
      },
    },
    preparing: {
      invoke: {
        src: 'prepare',
        input: ({ context }) => context.decision,
        onDone: [
          {
            guard: { type: 'isRefused', params: ({ event }) => event.output },
            target: 'ended',
            actions: { type: 'conclude', params: ({ event }) => refusalOf(event.output) },
          },
          { guard: 'isStopped', target: 'ended', actions: 'concludeStopped' },
          { target: 'snapshotting' },
        ],
        onError: {
          target: 'ended',
          actions: {
            type: 'concludeFailed',
            params: ({ event }) => `intent: ${reasonOf(event.error)}`,
          },
        },
      },
    },
    snapshotting: {
      invoke: {
        src: 'takeSnapshot',
        input: ({ context }) => context.decision,
        onDone: {
          target: 'comparing',
          actions: { type: 'recordSnapshot', params: ({ event }) => event.output },
        },
        onError: {
          target: 'ended',
          actions: {
            type: 'concludeFailed',
            params: ({ event }) => `snapshot: ${reasonOf(event.error)}`,
          },
        },
      },
    },
    comparing: {
      always: [
        { guard: 'isStopped', target: 'ended', actions: 'concludeStopped' },
        {
          guard: 'hasDrifted',
          target: 'ended',
          actions: {
            type: 'conclude',
            params: { outcome: 'void', reason: 'void: drift' },
          },
        },
        { target: 'applying' },
      ],
    },
    applying: {
      entry: 'recordTry',
      invoke: {
        src: 'applyAction',
        input: ({ context }) => context.decision,
        onDone: [
          {
            guard: { type: 'isFenced', params: ({ event }) => event.output },
            target: 'ended',
            actions: {
              type: 'conclude',
              params: {
                outcome: 'superseded',
                reason: 'superseded: the target carries a newer version',
              },
            },
          },
          {
            guard: { type: 'isExpired', params: ({ event }) => event.output },
            target: 'ended',
            actions: {
              type: 'conclude',
              params: { outcome: 'expired', reason: 'expired: its notAfter has passed' },
            },
          },
          { guard: 'isStopped', target: 'undoing' },
          { target: 'verifying' },
        ],
        onError: {
          target: 'probing',
          actions: [
            'startCounting',
            { type: 'recordReason', params: ({ event }) => reasonOf(event.error) },
          ],
        },
      },
    },
    verifying: {
      on: {
        'abort.ordered': {
          target: 'undoing',
          actions: { type: 'recordStop', params: ({ event }) => event.reason },
        },
      },
      invoke: {
        src: 'verifyTarget',
        input: ({ context }) => context.decision,
        onDone: [
          {
            guard: { type: 'isVerified', params: ({ event }) => event.output },
            target: 'ended',
            actions: [
              { type: 'recordVerified', params: ({ event }) => event.output },
              { type: 'conclude', params: { outcome: 'enacted', reason: 'verified' } },
            ],
          },
          {
            target: 'undoing',
            actions: { type: 'recordVerified', params: ({ event }) => event.output },
          },
        ],
        onError: {
          target: 'undoing',
          actions: {
            type: 'recordReason',
            params: ({ event }) => `verification failed: ${reasonOf(event.error)}`,
          },
        },
      },
    },
    undoing: {
      entry: 'startCounting',
      always: [
        { guard: 'canRestore', target: 'restoring' },
        {
          target: 'ended',
          actions: { type: 'concludeFailed', params: 'it cannot be undone' },
        },
      ],
    },
    restoring: {
      entry: 'countAttempt',
      invoke: {
        src: 'restoreTarget',
        input: ({ context }) => restoreInputOf(context),
        onDone: {
          target: 'ended',
          actions: [
            { type: 'recordRestored', params: ({ event }) => event.output },
            { type: 'concludeRestored', params: ({ event }) => event.output },
          ],
        },
        onError: [
          { guard: 'mayRepeat', target: 'pausingRestore' },
          {
            target: 'ended',
            actions: {
              type: 'concludeFailed',
              params: ({ event }) => `restore: ${reasonOf(event.error)}`,
            },
          },
        ],
      },
    },
    pausingRestore: { after: { retryPause: 'restoring' } },
    probing: {
      entry: 'countAttempt',
      invoke: {
        src: 'probeTarget',
        input: ({ context }) => context.decision,
        onDone: [
          {
            guard: { type: 'reached', params: ({ event }) => event.output },
            target: 'resolving',
            actions: { type: 'recordProbed', params: ({ event }) => event.output },
          },
          { guard: 'isStopped', target: 'ended', actions: 'concludeStopped' },
          {
            guard: 'wasTried',
            target: 'ended',
            actions: { type: 'concludeFailed', params: 'the driver did not apply it' },
          },
          { target: 'preparing' },
        ],
        onError: [
          { guard: 'mayRepeat', target: 'pausingProbe' },
          {
            target: 'ended',
            actions: {
              type: 'concludeFailed',
              params: ({ event }) => `outcome unknown: ${reasonOf(event.error)}`,
            },
          },
        ],
      },
    },
    pausingProbe: { after: { retryPause: 'probing' } },
    resolving: {
      always: [{ guard: 'isStopped', target: 'undoing' }, { target: 'verifying' }],
    },
    ended: { type: 'final', entry: 'announceResult' },
    dismissed: { type: 'final' },
  },
});

function restoreInputOf({ decision, before }: EnactmentContext): RestoreInput {
  return { decision, before: required(before, 'undoing lets only what was snapshotted through') };
}
