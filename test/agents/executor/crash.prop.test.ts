import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import type { EnactmentResult } from '#agents/events.ts';
import { stateDigest } from '#protocols/messages/target-state.ts';
import { decisionOf, stateOf } from '../decisions.ts';
import { type CrashPoint, calls, settle, World } from './world.ts';

const decision = decisionOf(1);
const arbitraryCrash = fc.record({
  call: fc.constantFrom(...calls),
  when: fc.constantFrom('before' as const, 'after' as const),
});

/** One life of the process: from its start to its crash, or to the end of the decision. */
async function live(world: World, crash: CrashPoint | null): Promise<EnactmentResult | null> {
  world.crash = crash;
  world.isDown = false;
  const { dryRun } = world;
  const found = world.intent && dryRun !== null;
  const results: EnactmentResult[] = [];
  const input = { decision, dryRun, found, stop: null };
  const actor = createActor(world.machine(), { input, clock: new SimulatedClock() });
  actor.on('enactment', ({ enactment }) => results.push(enactment));
  actor.start();
  await settle();
  if (actor.getSnapshot().value === 'waiting') actor.send({ type: 'start.granted' });
  await settle();
  actor.stop();
  expect(results.length).toBeLessThanOrEqual(1);
  return results[0] ?? null;
}

// Goal: I8, an act happens once whatever crashes. Method: crash before or after any call, up to
// four times in a row, start again each time from what is on disk, and let the last life finish.
test('a decision changes its target exactly once however often its executor crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryCrash, { maxLength: 4 }), async (crashes) => {
      const world = new World();
      for (const crash of crashes) {
        if (await live(world, crash)) break;
      }
      const result = await live(world, null);
      expect(result?.outcome).toBe('enacted');
      expect(world.changes).toEqual([decision.decisionId]);
      expect(world.target.replicas).toBe(6);
    }),
    { numRuns: 100 },
  );
});

// Goal: I10. Method: as above, with a target that never becomes healthy.
test('a failed enactment leaves the digest of its pre-state behind after any crash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryCrash, { maxLength: 4 }), async (crashes) => {
      const world = new World();
      world.healthyAfter = false;
      let result: EnactmentResult | null = null;
      for (const crash of [...crashes, null]) result ??= await live(world, crash);
      expect(result?.outcome).toBe('rolled-back');
      expect(world.changes).toEqual([decision.decisionId]);
      expect(stateDigest(world.target, 'scale')).toBe(stateDigest(stateOf(), 'scale'));
    }),
    { numRuns: 100 },
  );
});

test('after a restart with an intent on disk the first call is the probe', async () => {
  for (const call of ['takeSnapshot', 'applyAction', 'verifyTarget'] as const) {
    for (const when of ['before', 'after'] as const) {
      const world = new World();
      await live(world, { call, when });
      const before = world.log.length;
      await live(world, null);
      expect(world.log[before]).toBe('probeTarget');
    }
  }
});
