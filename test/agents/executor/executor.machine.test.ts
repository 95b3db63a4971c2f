import { describe, expect, test } from 'vitest';
import { createActor, fromPromise, SimulatedClock } from 'xstate';
import type { Decision, EnactmentResult, ExecutorEmitted, ExecutorEvent } from '#agents/events.ts';
import type {
  Applied,
  Probed,
  Restored,
  RestoreInput,
  Snapshot,
  Verified,
} from '#agents/executor/enactment.logic.ts';
import { enactmentMachine } from '#agents/executor/enactment.machine.ts';
import { type ExecutorInput, hourMs, recoverExecutor } from '#agents/executor/executor.logic.ts';
import { executorMachine } from '#agents/executor/executor.machine.ts';
import { enactOf, type IntentVerdict } from '#agents/executor/plan.ts';
import type { DryRun } from '#protocols/messages/enactment.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';
import { decisionOf, dryRunOf, resumeOf, stateOf, stopOf } from '../decisions.ts';
import { settle } from './world.ts';

const limits = { cooldownSeconds: 60, enactmentsPerHour: 3, concurrentEnactments: 2 };

/** A region of many targets: their states, and gates that hold a call until it is let go. */
class Cluster {
  readonly states = new Map<string, TargetState>();
  readonly applied: string[] = [];
  readonly log: string[] = [];
  hold: string | null = null;
  #held: (() => void)[] = [];

  stateOf(target: string): TargetState {
    return this.states.get(target) ?? stateOf({ target });
  }

  letGo(): void {
    this.hold = null;
    for (const go of this.#held.splice(0)) go();
  }

  machine() {
    const digest = ({ instance, manifest }: Decision) =>
      stateDigest(this.stateOf(instance.target), manifest.action.kind);
    const actors = {
      runDryRun: this.#answer<DryRun>('runDryRun', (decision) =>
        dryRunOf(decision, { preState: digest(decision) }),
      ),
      prepare: this.#answer<IntentVerdict>('prepare', () => ({ ok: true })),
      takeSnapshot: this.#answer<Snapshot>('takeSnapshot', (decision) => ({
        preState: digest(decision),
        state: this.stateOf(decision.instance.target),
      })),
      applyAction: this.#answer<Applied>('applyAction', (decision) => this.#apply(decision)),
      verifyTarget: this.#answer<Verified>('verifyTarget', (decision) => ({
        ok: true,
        reasons: [],
        postState: digest(decision),
      })),
      restoreTarget: fromPromise<Restored, RestoreInput>(async ({ input }) => {
        this.states.set(input.decision.instance.target, input.before);
        return { postState: digest(input.decision) };
      }),
      probeTarget: this.#answer<Probed>('probeTarget', ({ decisionId, instance }) => ({
        applied: this.applied.includes(decisionId),
        before: stateOf({ target: instance.target }),
      })),
    };
    return executorMachine.provide({ actors: { enactment: enactmentMachine.provide({ actors }) } });
  }

  #apply(decision: Decision): Applied {
    const { target, enactmentId, action } = enactOf(decision);
    this.applied.push(enactmentId);
    const state = this.stateOf(target);
    if (action.kind === 'scale') this.states.set(target, { ...state, replicas: action.replicas });
    return 'applied';
  }

  #answer<T>(call: string, act: (decision: Decision) => T) {
    return fromPromise<T, Decision>(async ({ input }) => {
      this.log.push(call);
      if (this.hold === call) await new Promise<void>((go) => this.#held.push(go));
      return act(input);
    });
  }
}

function run(cluster: Cluster, change: Partial<ExecutorInput> = {}) {
  const clock = new SimulatedClock();
  const said: ExecutorEmitted[] = [];
  const actor = createActor(cluster.machine(), { input: { limits, ...change }, clock });
  actor.on('*', (event) => said.push(event));
  actor.start();
  const tell = async (...events: readonly ExecutorEvent[]) => {
    for (const event of events) actor.send(event);
    await settle();
  };
  const results = () =>
    said.flatMap((event): EnactmentResult[] =>
      event.type === 'enactment' ? [event.enactment] : [],
    );
  return { actor, clock, said, tell, results };
}

const certified = (decision: Decision) => ({ type: 'decision.certified', decision }) as const;
const released = ({ decisionId }: Decision) => ({ type: 'decision.released', decisionId }) as const;
const stopped = (change: Parameters<typeof stopOf>[0]) =>
  ({ type: 'stop.recorded', stop: stopOf(change) }) as const;
const found = (decision: Decision, isStopped = false) =>
  ({
    type: 'enactment.found',
    decision,
    dryRun: dryRunOf(decision),
    stopped: isStopped,
  }) as const;

describe('an executor', () => {
  test('enacts a released decision and says so once', async () => {
    const { tell, said, results } = run(new Cluster());
    const decision = decisionOf(1);
    await tell(certified(decision), certified(decision));
    await tell(released(decision), released(decision));
    await tell(certified(decision), released(decision));
    expect(said.map(({ type }) => type)).toEqual(['dry-run', 'enactment']);
    expect(results()).toMatchObject([{ decisionId: decision.decisionId, outcome: 'enacted' }]);
  });

  test('leaves decisions of other executors alone', async () => {
    const { tell, said } = run(new Cluster());
    await tell(certified({ ...decisionOf(1), mine: false }));
    expect(said).toEqual([]);
  });

  test('closes an older unstarted decision as superseded', async () => {
    const { tell, results } = run(new Cluster());
    await tell(certified(decisionOf(1)));
    await tell(certified(decisionOf(2)));
    expect(results()).toMatchObject([
      { decisionId: decisionOf(1).decisionId, outcome: 'superseded' },
    ]);
    await tell(certified(decisionOf(1)));
    expect(results()).toHaveLength(1);
  });

  test('runs one enactment a target at a time, and the next after its cooldown', async () => {
    const cluster = new Cluster();
    cluster.hold = 'applyAction';
    const { tell, results, clock, actor } = run(cluster);
    await tell(certified(decisionOf(1)));
    await tell(released(decisionOf(1)));
    await tell(certified(decisionOf(2, { action: { kind: 'scale', replicas: 8 } })));
    await tell(released(decisionOf(2)));
    expect(cluster.log.filter((call) => call === 'prepare')).toHaveLength(1);
    cluster.letGo();
    await settle();
    expect(results().map(({ outcome }) => outcome)).toEqual(['enacted']);
    clock.increment(59_999);
    await settle();
    expect(actor.getSnapshot().context.cooling).toHaveLength(1);
    clock.increment(1);
    await settle();
    // The target has changed since the second dry-run: it starts, and finds the drift.
    expect(results().map(({ outcome }) => outcome)).toEqual(['enacted', 'void']);
  });

  test('starts no more within an hour than policy allows', async () => {
    const { tell, results, clock } = run(new Cluster());
    const decisions = [1, 2, 3, 4].map((n) => namedOf(n));
    await tell(...decisions.map(certified));
    await tell(...decisions.map(released));
    expect(results()).toHaveLength(3);
    clock.increment(hourMs);
    await settle();
    expect(results()).toHaveLength(4);
  });

  test('goes on waiting after a restart for what was started before', async () => {
    const recent = [{ target: 'acme/checkout', startedAgoMs: 50_000, endedAgoMs: 40_000 }];
    const { tell, results, clock, actor } = run(new Cluster(), { recent });
    await tell(certified(decisionOf(1)), released(decisionOf(1)));
    expect(actor.getSnapshot().context.startedLately).toBe(1);
    clock.increment(20_000);
    await settle();
    expect(results()).toHaveLength(1);
    clock.increment(hourMs - 70_000);
    expect(actor.getSnapshot().context.startedLately).toBe(1);
  });

  test('ends a decision that governance closes, and aborts one it denies too late', async () => {
    const cluster = new Cluster();
    cluster.hold = 'applyAction';
    const { tell, results } = run(cluster);
    const first = namedOf(1);
    const second = namedOf(2);
    await tell(certified(first), certified(second));
    const close = { type: 'decision.closed', outcome: 'expired', reason: 'late' } as const;
    await tell({ ...close, decisionId: first.decisionId }, released(second));
    await tell({ ...close, decisionId: second.decisionId });
    await tell({ ...close, outcome: 'denied', decisionId: second.decisionId });
    cluster.letGo();
    await settle();
    expect(results()).toMatchObject([
      { outcome: 'expired' },
      { outcome: 'rolled-back', reason: 'denied: late' },
    ]);
  });
});

describe('a stop', () => {
  test('that pauses holds what is released until a resume of its target', async () => {
    const { tell, results, actor } = run(new Cluster());
    await tell(stopped({ action: 'pause' }), certified(decisionOf(1)));
    await tell(released(decisionOf(1)));
    expect(results()).toEqual([]);
    const resume = resumeOf(2, 1);
    await tell(certified(resume));
    await tell(released(resume));
    expect(results()).toMatchObject([{ outcome: 'superseded' }, { outcome: 'enacted' }]);
    expect(actor.getSnapshot().context.generations).toEqual({ 'acme/checkout': 1 });
    await tell(certified(decisionOf(3)));
    await tell(released(decisionOf(3)));
    expect(results()).toHaveLength(3);
  });

  test('that aborts restores what has started and ends what has not', async () => {
    const cluster = new Cluster();
    cluster.hold = 'verifyTarget';
    const { tell, results } = run(cluster);
    const started = namedOf(1);
    const waiting = namedOf(2);
    await tell(certified(started), certified(waiting));
    await tell(released(started));
    await tell(stopped({ action: 'abort', reason: 'wrong' }));
    const byId = new Map(results().map(({ decisionId, outcome }) => [decisionId, outcome]));
    expect(byId.get(started.decisionId)).toBe('rolled-back');
    expect(byId.get(waiting.decisionId)).toBe('aborted');
    expect(cluster.stateOf(started.instance.target).replicas).toBe(4);
  });

  test('of emergency makes no further call, and none for what comes after', async () => {
    const cluster = new Cluster();
    cluster.hold = 'takeSnapshot';
    const { tell, results } = run(cluster);
    await tell(certified(namedOf(1)));
    await tell(released(namedOf(1)));
    const calls = cluster.log.length;
    await tell(stopped({ action: 'emergency-stop' }), certified(namedOf(2)));
    await tell(found(namedOf(3)), found(namedOf(4), true));
    cluster.letGo();
    await settle();
    expect(cluster.log).toHaveLength(calls);
    expect(results()).toMatchObject([
      { decisionId: namedOf(1).decisionId, outcome: 'aborted' },
      { decisionId: namedOf(3).decisionId, outcome: 'aborted' },
    ]);
    await tell(stopped({ action: 'abort', generation: 1 }));
    expect(results()[2]).toMatchObject({ decisionId: namedOf(2).decisionId, outcome: 'aborted' });
  });
});

describe('after a restart', () => {
  test('an intent without a result is probed and finished', async () => {
    const cluster = new Cluster();
    const { tell, results } = run(cluster);
    await tell(found(decisionOf(1)));
    expect(cluster.log).toEqual([
      'probeTarget',
      'prepare',
      'takeSnapshot',
      'applyAction',
      'verifyTarget',
    ]);
    expect(results()).toMatchObject([{ outcome: 'enacted' }]);
  });

  test('an intent under an abort is probed and put back', async () => {
    const cluster = new Cluster();
    cluster.applied.push(decisionOf(1).decisionId);
    cluster.states.set('acme/checkout', stateOf({ replicas: 6 }));
    const { tell, results } = run(cluster);
    await tell(stopped({ action: 'abort' }), found(decisionOf(1)));
    expect(cluster.log).toEqual(['probeTarget']);
    expect(results()).toMatchObject([{ outcome: 'rolled-back' }]);
  });

  test('a fresh executor told what the old one knew finishes all of it', async () => {
    const cluster = new Cluster();
    cluster.hold = 'verifyTarget';
    const old = run(cluster);
    const [started, waiting, releasedOne] = [namedOf(1), namedOf(2), namedOf(3)];
    await old.tell(certified(started), certified(waiting), certified(releasedOne));
    await old.tell(stopped({ action: 'pause', target: releasedOne.instance.target }));
    await old.tell(released(started), released(releasedOne));
    const { input, events } = recoverExecutor(old.actor.getSnapshot().context);
    old.actor.stop();
    cluster.hold = null;
    const fresh = run(cluster, input);
    await fresh.tell(...events);
    expect(fresh.results()).toMatchObject([{ decisionId: started.decisionId, outcome: 'enacted' }]);
    expect(cluster.applied).toEqual([started.decisionId]);
    const { open } = fresh.actor.getSnapshot().context;
    expect(Object.values(open).map(({ stage, isReleased }) => [stage, isReleased])).toEqual([
      ['waiting', false],
      ['waiting', true],
    ]);
  });
});

test('every transition of the executor machine can be taken', () => {
  const decision = decisionOf(1);
  const events = [
    certified(decision),
    certified(decisionOf(2)),
    found(decision),
    stopped({ action: 'emergency-stop' }),
    released(decision),
    released(decisionOf(2)),
    { type: 'decision.closed', decisionId: decision.decisionId, outcome: 'denied', reason: 'no' },
    { type: 'dry-run', dryRun: dryRunOf(decision) },
    { type: 'dry-run', dryRun: dryRunOf(decisionOf(2)) },
    { type: 'enactment', enactment: resultWith(decision) },
    { type: 'cooldown.ended', target: 'acme/checkout' },
    { type: 'hour.ended' },
  ];
  const { missed } = coverTransitions(executorMachine, {
    input: { limits },
    events,
    stateKey: ({ context: { open, stops, ended } }) =>
      JSON.stringify([
        Object.values(open).map(({ stage, isReleased, decision: { instance } }) => [
          stage,
          isReleased,
          instance.version,
        ]),
        stops.length,
        ended.length > 0,
      ]),
  });
  expect(missed).toEqual([]);
});

function namedOf(n: number): Decision {
  const decision = decisionOf(1, { on: `acme/service-${n}` });
  return { ...decision, decisionId: `${n}`.repeat(64) };
}

function resultWith({ decisionId, instance }: Decision): EnactmentResult {
  return {
    type: 'enactment/1',
    federation: 'demo',
    instance,
    decisionId,
    executor: 'eu',
    outcome: 'enacted',
    reason: 'verified',
  };
}
