/** What agents ask, answered by the composer and the enactor. */
import type { Answers } from '#agents/provide.ts';
import type { Composer } from './composer.ts';
import type { Enactor } from './enactor.ts';

/** Takes note of work that must be done before the region closes. */
type Track = <T>(work: Promise<T>) => Promise<T>;

export function answersOf(composer: Composer, enactor: Enactor, track: Track): Answers {
  return {
    composeCandidate: (work) => composer.candidate(work),
    composeCounter: (request) => composer.counter(request),
    runDryRun: (decision) => track(enactor.runDryRun(decision)),
    prepare: (decision) => track(enactor.prepare(decision)),
    takeSnapshot: (decision) => track(enactor.takeSnapshot(decision)),
    applyAction: (decision) => track(enactor.applyAction(decision)),
    verifyTarget: (decision) => track(enactor.verifyTarget(decision)),
    restoreTarget: (input) => track(enactor.restoreTarget(input)),
    probeTarget: (decision) => track(enactor.probeTarget(decision)),
  };
}
