/**
 * A region for the enactment machine: a stateful target, a disk that survives crashes, and the
 * answers a region gives. A crash point stops the region before or after any of its calls, and
 * forever: nothing is answered any more until it is started again.
 */
import { fromPromise } from 'xstate';
import type { Decision } from '#agents/events.ts';
import type {
  Applied,
  Probed,
  Restored,
  RestoreInput,
  Snapshot,
  Verified,
} from '#agents/executor/enactment.logic.ts';
import { enactmentMachine } from '#agents/executor/enactment.machine.ts';
import { enactOf, type IntentVerdict } from '#agents/executor/plan.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import { dryRunOf, stateOf } from '../decisions.ts';

export const calls = [
  'runDryRun',
  'prepare',
  'takeSnapshot',
  'applyAction',
  'verifyTarget',
  'restoreTarget',
  'probeTarget',
] as const;
export type Call = (typeof calls)[number];
export interface CrashPoint {
  readonly call: Call;
  readonly when: 'before' | 'after';
}

/** What survives a crash: the target and the disk. */
export class World {
  target: TargetState = stateOf();
  readonly enactments = new Set<string>();
  /** How often the target really changed, by enactment id. */
  readonly changes: string[] = [];
  readonly log: Call[] = [];
  intent = false;
  dryRun: DryRun | null = null;
  before: TargetState | null = null;
  appliedOnRecord = false;
  healthyAfter = true;
  crash: CrashPoint | null = null;
  isDown = false;
  failing: Partial<Record<Call, number>> = {};
  prepareAnswer: 'ok' | 'expired' | 'void' = 'ok';
  applyAnswer: 'fenced' | 'expired' | null = null;

  /** The enactment machine with this region's answers. */
  machine() {
    return enactmentMachine.provide({
      actors: {
        runDryRun: fromPromise<DryRun, Decision>(({ input }) =>
          this.#call('runDryRun', () => {
            const { kind } = input.manifest.action;
            this.dryRun = dryRunOf(input, { preState: stateDigest(this.target, kind) });
            return this.dryRun;
          }),
        ),
        prepare: fromPromise<IntentVerdict, Decision>(() =>
          this.#call('prepare', (): IntentVerdict => {
            const outcome = this.prepareAnswer;
            this.intent = outcome === 'ok';
            return outcome === 'ok' ? { ok: true } : { ok: false, outcome, reason: 'told so' };
          }),
        ),
        takeSnapshot: fromPromise<Snapshot, Decision>(({ input }) =>
          this.#call('takeSnapshot', () => {
            this.before = this.target;
            const preState = stateDigest(this.target, input.manifest.action.kind);
            return { preState, state: this.target };
          }),
        ),
        applyAction: fromPromise<Applied, Decision>(({ input }) =>
          this.#call('applyAction', () => this.#apply(input)),
        ),
        verifyTarget: fromPromise<Verified, Decision>(({ input }) =>
          this.#call('verifyTarget', () => ({
            ok: this.healthyAfter,
            reasons: this.healthyAfter ? [] : ['still unhealthy'],
            postState: stateDigest(this.target, input.manifest.action.kind),
          })),
        ),
        restoreTarget: fromPromise<Restored, RestoreInput>(({ input }) =>
          this.#call('restoreTarget', () => {
            this.target = { ...this.target, replicas: input.before.replicas };
            const { kind } = input.decision.manifest.action;
            return { postState: stateDigest(this.target, kind) };
          }),
        ),
        probeTarget: fromPromise<Probed, Decision>(({ input }) =>
          this.#call('probeTarget', () => ({
            applied: this.appliedOnRecord || this.enactments.has(input.decisionId),
            before: this.before,
          })),
        ),
      },
    });
  }

  #apply(decision: Decision): Applied {
    if (this.applyAnswer) return this.applyAnswer;
    const { enactmentId, action } = enactOf(decision);
    if (this.enactments.has(enactmentId)) return 'already-applied';
    this.enactments.add(enactmentId);
    this.changes.push(enactmentId);
    if (action.kind === 'scale') this.target = { ...this.target, replicas: action.replicas };
    return 'applied';
  }

  async #call<T>(call: Call, act: () => T): Promise<T> {
    this.log.push(call);
    await this.#crashIf(call, 'before');
    const left = this.failing[call] ?? 0;
    if (left > 0) {
      this.failing[call] = left - 1;
      throw new Error(`${call} is down`);
    }
    const answer = act();
    await this.#crashIf(call, 'after');
    if (call === 'applyAction') this.appliedOnRecord = this.enactments.size > 0;
    return answer;
  }

  async #crashIf(call: Call, when: CrashPoint['when']): Promise<void> {
    if (this.crash?.call === call && this.crash.when === when) this.isDown = true;
    if (this.isDown) await new Promise(() => {});
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
