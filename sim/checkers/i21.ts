/**
 * I21: a stop completes at every level, tenant and partition without approval, and holds: the
 * region that took it starts nothing more within its scope.
 */
import { tenantOf } from '#protocols/ids.ts';
import type { CheckContext, Checker } from './checker.ts';

/** A stop waits for its own disk at most; the slowest one takes about a second a sync. */
const stopMsMax = 5000;

interface StopAsked {
  readonly region: string;
  readonly tenant: string;
  readonly target: string | null;
  readonly atMs: number;
}

export function checkStops({ report }: CheckContext): Checker {
  const waiting = new Map<number, StopAsked>();
  const inForce: StopAsked[] = [];

  function expire(atMs: number): void {
    for (const [id, stop] of waiting) {
      if (atMs - stop.atMs <= stopMsMax) continue;
      waiting.delete(id);
      report(`a stop in ${stop.region} is not done after ${stopMsMax} ms`);
    }
  }

  return {
    invariant: 'I21',
    see(happening, atMs) {
      const { region, type } = happening;
      expire(atMs);
      if (type === 'stop.asked') {
        const { tenant, target } = happening;
        waiting.set(happening.id, { region, tenant, target, atMs });
      } else if (type === 'stop.done') {
        const stop = waiting.get(happening.id);
        if (stop) inForce.push(stop);
        waiting.delete(happening.id);
      } else if (type === 'stop.refused') {
        waiting.delete(happening.id);
        report(`a stop in ${region} is refused`);
      } else if (type === 'node.crashed') {
        // Who asked a node that died gets no answer and asks again.
        for (const [id, stop] of waiting) if (stop.region === region) waiting.delete(id);
      } else if (type === 'apply.called') {
        const { target, version } = happening.enact;
        const broken = inForce.some(
          (stop) =>
            stop.region === region &&
            (stop.target === null ? stop.tenant === tenantOf(target) : stop.target === target),
        );
        if (broken) report(`${region} enacts ${target}@${version} after a stop`);
      }
    },
    finish: expire,
  };
}
