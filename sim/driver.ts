/**
 * A node's way to the shared cluster: takes simulated time, and tells the history what was done.
 *
 * The cluster outlives its callers. A node that crashes during a call never hears the answer,
 * and the call may or may not have reached the cluster.
 */
import type { Driver, Enact } from '#fabric/ports.ts';
import type { NodeClock } from './clock.ts';
import type { History } from './history.ts';
import type { Seed } from './seed.ts';

const callMinMs = 5;
const callMoreMs = 40;

export interface SimDriverOptions {
  readonly cluster: Driver;
  readonly clock: NodeClock;
  readonly seed: Seed;
  readonly history: History;
  readonly region: string;
}

export function simDriver({ cluster, clock, seed, history, region }: SimDriverOptions): Driver {
  const wait = () => clock.delay(Math.round(callMinMs + seed.skewed(callMoreMs)), 'driver');
  const between = async <T>(call: () => Promise<T>): Promise<T> => {
    await wait();
    const answer = await call();
    await wait();
    return answer;
  };
  return {
    name: cluster.name,
    observe: (target) => between(() => cluster.observe(target)),
    dryRun: (target, action) => between(() => cluster.dryRun(target, action)),
    verify: (target, action) => between(() => cluster.verify(target, action)),
    probe: (target, enactmentId) => between(() => cluster.probe(target, enactmentId)),
    apply: (enact) => {
      history.tell({ type: 'apply.called', region, enact });
      return between(() => apply({ cluster, history, region }, enact));
    },
    restore: (enact, before) =>
      between(async () => {
        await cluster.restore(enact, before);
        history.tell({ type: 'restore.done', region, enact });
      }),
  };
}

async function apply(
  { cluster, history, region }: Pick<SimDriverOptions, 'cluster' | 'history' | 'region'>,
  enact: Enact,
): Promise<'applied' | 'already-applied' | 'fenced'> {
  const result = await cluster.apply(enact);
  if (result === 'applied') history.tell({ type: 'apply.done', region, enact });
  if (result === 'fenced') history.tell({ type: 'apply.fenced', region, enact });
  return result;
}
