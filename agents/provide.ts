/**
 * A tenant as a region runs it: the five agents with the region's answers in place.
 *
 * The answers are what the machines invoke; each is durable before it is given. Whoever builds
 * a region fills in this one record and never touches a machine.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { DryRun } from '#protocols/messages/enactment.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Decision } from './events.ts';
import type {
  Applied,
  Probed,
  Restored,
  RestoreInput,
  Snapshot,
  Verified,
} from './executor/enactment.logic.ts';
import { enactmentMachine } from './executor/enactment.machine.ts';
import type { ExecutorInput } from './executor/executor.logic.ts';
import { executorMachine } from './executor/executor.machine.ts';
import type { IntentVerdict } from './executor/plan.ts';
import { type GovernanceInput, governanceMachine } from './governance/governance.machine.ts';
import {
  type Composed,
  type CounterRequest,
  type NegotiatorInput,
  negotiatorMachine,
} from './negotiator/negotiator.machine.ts';
import type { CandidateWork } from './negotiator/work.ts';
import { type ObserverInput, observerMachine } from './observer/observer.machine.ts';
import { revivable } from './revive.ts';
import { type ScorerInput, scorerMachine } from './scorer/scorer.machine.ts';
import { tenantMachine } from './tenant.machine.ts';

/** What the agents ask of their region. */
export interface Answers {
  composeCandidate(work: CandidateWork): Promise<Composed | null>;
  composeCounter(request: CounterRequest): Promise<Manifest | null>;
  runDryRun(decision: Decision): Promise<DryRun>;
  prepare(decision: Decision): Promise<IntentVerdict>;
  takeSnapshot(decision: Decision): Promise<Snapshot>;
  applyAction(decision: Decision): Promise<Applied>;
  verifyTarget(decision: Decision): Promise<Verified>;
  restoreTarget(input: RestoreInput): Promise<Restored>;
  probeTarget(decision: Decision): Promise<Probed>;
}

export interface AgentInputs {
  readonly observer: ObserverInput;
  readonly scorer: ScorerInput;
  readonly negotiator: NegotiatorInput;
  readonly executor: ExecutorInput;
  readonly governance: GovernanceInput;
}

export function tenantLogic(answers: Answers) {
  const enactment = enactmentMachine.provide({
    actors: {
      runDryRun: answer((decision) => answers.runDryRun(decision)),
      prepare: answer((decision) => answers.prepare(decision)),
      takeSnapshot: answer((decision) => answers.takeSnapshot(decision)),
      applyAction: answer((decision) => answers.applyAction(decision)),
      verifyTarget: answer((decision) => answers.verifyTarget(decision)),
      restoreTarget: answer((input) => answers.restoreTarget(input)),
      probeTarget: answer((decision) => answers.probeTarget(decision)),
    },
  });
  const negotiator = negotiatorMachine.provide({
    actors: {
      composeCandidate: answer((work) => answers.composeCandidate(work)),
      composeCounter: answer((request) => answers.composeCounter(request)),
    },
  });
  return tenantMachine.provide({
    actors: {
      observer: revivable(observerMachine),
      scorer: revivable(scorerMachine),
      negotiator: revivable(negotiator),
      executor: revivable(executorMachine.provide({ actors: { enactment } })),
      governance: revivable(governanceMachine),
    },
  });
}

function answer<Output, Input>(
  ask: (input: Input) => Promise<Output>,
): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(({ input }) => ask(input));
}
