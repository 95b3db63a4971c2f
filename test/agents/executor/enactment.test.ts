import { describe, expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import type { EnactmentResult, ExecutorEmitted } from '#agents/events.ts';
import type { EnactmentInput } from '#agents/executor/enactment.logic.ts';
import type { EnactmentEvent } from '#agents/executor/enactment.machine.ts';
import { stateDigest } from '#protocols/messages/target-state.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';
import { decisionOf, dryRunOf, stateOf } from '../decisions.ts';
import { settle, World } from './world.ts';

const decision = decisionOf(1);

function run(world: World, change: Partial<EnactmentInput> = {}) {
  const clock = new SimulatedClock();
  const said: ExecutorEmitted[] = [];
  const input = { decision, dryRun: null, found: false, stop: null, ...change };
  const actor = createActor(world.machine(), { input, clock });
  actor.on('*', (event) => said.push(event));
  actor.start();
  return { actor, clock, said, results: () => resultsOf(said) };
}

function resultsOf(said: readonly ExecutorEmitted[]): readonly EnactmentResult[] {
  return said.flatMap((event) => (event.type === 'enactment' ? [event.enactment] : []));
}

async function runReleased(world: World, change: Partial<EnactmentInput> = {}) {
  const ran = run(world, change);
  await settle();
  ran.actor.send({ type: 'start.granted' });
  await settle();
  return ran;
}

describe('an enactment', () => {
  test('waits for its start after a passed dry-run and touches nothing before', async () => {
    const world = new World();
    const { said, actor } = run(world);
    await settle();
    expect(actor.getSnapshot().value).toBe('waiting');
    expect(said.map(({ type }) => type)).toEqual(['dry-run']);
    expect(world.log).toEqual(['runDryRun']);
  });

  test('takes its steps in the order of duty', async () => {
    const world = new World();
    const { results } = await runReleased(world);
    expect(world.log).toEqual([
      'runDryRun',
      'prepare',
      'takeSnapshot',
      'applyAction',
      'verifyTarget',
    ]);
    expect(results()).toMatchObject([
      {
        outcome: 'enacted',
        preState: stateDigest(stateOf(), 'scale'),
        postState: stateDigest(stateOf({ replicas: 6 }), 'scale'),
      },
    ]);
  });

  test('ends as failed when its dry-run fails, whoever approves', async () => {
    const failing = dryRunOf(decision, { verdict: 'fail', reasons: ['quota'] });
    const { results, said } = run(new World(), { dryRun: failing });
    await settle();
    expect(results()).toMatchObject([{ outcome: 'failed', reason: 'dry-run: quota' }]);
    expect(said).toHaveLength(1);
  });

  test('is void when the target has drifted since its dry-run', async () => {
    const world = new World();
    const { actor, results } = run(world);
    await settle();
    world.target = stateOf({ replicas: 5 });
    actor.send({ type: 'start.granted' });
    await settle();
    expect(results()).toMatchObject([{ outcome: 'void', reason: 'void: drift' }]);
    expect(world.changes).toEqual([]);
  });

  test('ends with the reason of a refused intent', async () => {
    const world = new World();
    world.prepareAnswer = 'expired';
    const { results } = await runReleased(world);
    expect(results()).toMatchObject([{ outcome: 'expired', reason: 'expired: told so' }]);
    expect(world.log).not.toContain('takeSnapshot');
  });

  test('is superseded when the driver fences it and expired when it comes too late', async () => {
    for (const [answer, outcome] of [
      ['fenced', 'superseded'],
      ['expired', 'expired'],
    ] as const) {
      const world = new World();
      world.applyAnswer = answer;
      const { results } = await runReleased(world);
      expect(results()).toMatchObject([{ outcome }]);
    }
  });

  test('restores the digest of the pre-state when verification fails', async () => {
    const world = new World();
    world.healthyAfter = false;
    const { results } = await runReleased(world);
    const [result] = results();
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      reason: 'verification failed: still unhealthy',
    });
    expect(result?.postState).toBe(result?.preState);
    expect(world.target).toEqual(stateOf());
  });

  test('that cannot be undone fails instead of restoring', async () => {
    const world = new World();
    world.healthyAfter = false;
    const irreversible = decisionOf(1, { reversible: false });
    const { results } = await runReleased(world, { decision: irreversible });
    expect(results()).toMatchObject([{ outcome: 'failed' }]);
    expect(world.log).not.toContain('restoreTarget');
  });

  test('probes after an apply that failed and does not apply again', async () => {
    const world = new World();
    world.failing = { applyAction: 1 };
    const { results } = await runReleased(world);
    expect(results()).toMatchObject([
      { outcome: 'failed', reason: 'the driver did not apply it: applyAction is down' },
    ]);
    expect(world.log.filter((call) => call === 'applyAction')).toHaveLength(1);
  });

  test('repeats a failed restore with growing pauses, at most five times', async () => {
    const world = new World();
    world.healthyAfter = false;
    world.failing = { restoreTarget: 9 };
    const { clock, results } = await runReleased(world);
    for (const pause of [1000, 2000, 4000, 8000]) {
      expect(results()).toEqual([]);
      clock.increment(pause);
      await settle();
    }
    expect(world.log.filter((call) => call === 'restoreTarget')).toHaveLength(5);
    expect(results()).toMatchObject([{ outcome: 'failed' }]);
  });

  test('restores on abort once the call under way has answered', async () => {
    const world = new World();
    const { actor, results } = run(world);
    await settle();
    actor.send({ type: 'start.granted' });
    while (actor.getSnapshot().value !== 'applying') await Promise.resolve();
    actor.send({ type: 'abort.ordered', reason: 'abort: by hand' });
    await settle();
    expect(results()).toMatchObject([{ outcome: 'rolled-back', reason: 'abort: by hand' }]);
    expect(world.target).toEqual(stateOf());
  });

  test('makes no further driver call after an emergency stop', async () => {
    for (const stage of ['preparing', 'snapshotting', 'applying', 'verifying'] as const) {
      const world = new World();
      const { actor, results } = run(world);
      await settle();
      actor.send({ type: 'start.granted' });
      while (actor.getSnapshot().value !== stage) await Promise.resolve();
      const before = world.log.length;
      actor.send({ type: 'halt.ordered', reason: 'emergency-stop: fire' });
      await settle();
      expect(results()).toMatchObject([{ outcome: 'aborted', reason: 'emergency-stop: fire' }]);
      expect(world.log).toHaveLength(before);
    }
  });

  test('that is closed while waiting ends so and touches nothing', async () => {
    const world = new World();
    const { actor, results } = run(world);
    await settle();
    actor.send({ type: 'decision.closed', outcome: 'denied', reason: 'no' });
    await settle();
    expect(results()).toMatchObject([{ outcome: 'denied', reason: 'no' }]);
    expect(world.log).toEqual(['runDryRun']);
  });

  test('found after a crash probes first and is put back when it was stopped', async () => {
    const world = new World();
    world.before = stateOf();
    world.target = stateOf({ replicas: 6 });
    world.enactments.add(decision.decisionId);
    const dryRun = dryRunOf(decision);
    const { results } = run(world, { dryRun, found: true, stop: 'emergency-stop: fire' });
    await settle();
    expect(world.log).toEqual(['probeTarget', 'restoreTarget']);
    expect(results()).toMatchObject([{ outcome: 'rolled-back' }]);
  });
});

const snapshot = { preState: dryRunOf(decision).preState, state: stateOf() };

/** All that can happen to an enactment, answers of its region and timers included. */
function everything(): readonly { readonly type: string }[] {
  const done = (state: string, output: unknown) => ({
    type: `xstate.done.actor.0.enactment.${state}`,
    output,
  });
  const failedIn = (state: string) => ({
    type: `xstate.error.actor.0.enactment.${state}`,
    error: new Error('down'),
  });
  const orders: readonly EnactmentEvent[] = [
    { type: 'start.granted' },
    { type: 'decision.closed', outcome: 'denied', reason: 'no' },
    { type: 'abort.ordered', reason: 'abort' },
    { type: 'halt.ordered', reason: 'halt' },
    { type: 'enactment.dismissed' },
  ];
  return [
    ...orders,
    done('dryRunning', dryRunOf(decision)),
    done('dryRunning', dryRunOf(decision, { verdict: 'fail' })),
    done('preparing', { ok: true }),
    done('preparing', { ok: false, outcome: 'void', reason: 'policy' }),
    done('snapshotting', snapshot),
    done('snapshotting', { ...snapshot, preState: 'sha256:other' }),
    done('applying', 'applied'),
    done('applying', 'fenced'),
    done('applying', 'expired'),
    done('verifying', { ok: true, reasons: [], postState: 'x' }),
    done('verifying', { ok: false, reasons: [], postState: 'x' }),
    done('restoring', { postState: snapshot.preState }),
    done('probing', { applied: true, before: stateOf() }),
    done('probing', { applied: true, before: null }),
    done('probing', { applied: false, before: null }),
    ...['dryRunning', 'preparing', 'snapshotting', 'applying', 'verifying'].map(failedIn),
    ...['restoring', 'probing'].map(failedIn),
    { type: 'xstate.after.retryPause.enactment.pausingRestore' },
    { type: 'xstate.after.retryPause.enactment.pausingProbe' },
  ];
}

// Goal: no transition is dead or untested. Method: every state @xstate/graph finds, every event.
test('every transition of the enactment machine can be taken', () => {
  const fresh = { decision, dryRun: null, found: false, stop: null };
  const dryRun = dryRunOf(decision);
  const machine = new World().machine();
  const inputs = [fresh, { ...fresh, dryRun }, { ...fresh, dryRun, found: true }];
  const missed = inputs.map(
    (input) =>
      coverTransitions(machine, {
        input,
        events: everything(),
        stateKey: ({ value, context }) => {
          const { stop, tried, before } = context;
          const isRepeated = /probing|restoring|pausing/i.test(String(value));
          const attempts = isRepeated ? context.attempts : 0;
          return JSON.stringify([value, stop !== null, tried, attempts, before !== null]);
        },
      }).missed,
  );
  const inAll = missed[0]?.filter((each) => missed.every((one) => one.includes(each)));
  expect(inAll).toEqual([]);
});
