import { describe, expect, test } from 'vitest';
import { assign, createActor, emit, fromPromise, SimulatedClock, setup } from 'xstate';
import type { AgentEvent, AgentName, Decision } from '#agents/events.ts';
import { enactmentMachine } from '#agents/executor/enactment.machine.ts';
import { executorMachine } from '#agents/executor/executor.machine.ts';
import { governanceMachine } from '#agents/governance/governance.machine.ts';
import { revivable } from '#agents/revive.ts';
import { agentNames, pendingMax } from '#agents/tenant.logic.ts';
import { type TenantEmitted, tenantMachine } from '#agents/tenant.machine.ts';
import { coverTransitions, nameOf } from '#test/support/transition-coverage.ts';
import { approverGate, decisionOf, dryRunOf, stopOf, ttlMs } from '../decisions.ts';
import { settle, World } from '../executor/world.ts';

/** Counts what it hears and says it; `time.advanced` to a negative time is its bug. */
const counter = setup({
  types: {
    context: {} as { heard: number },
    events: {} as { type: 'time.advanced'; at: number },
    emitted: {} as { type: 'risk'; heard: number },
  },
  actions: {
    count: assign(({ context }, at: number) => {
      if (at < 0) throw new Error('negative time');
      return { heard: context.heard + 1 };
    }),
    say: emit(({ context }) => ({ type: 'risk' as const, heard: context.heard })),
  },
}).createMachine({
  context: { heard: 0 },
  on: {
    'time.advanced': {
      actions: [{ type: 'count', params: ({ event }) => event.at }, 'say'],
    },
  },
});

const limits = { cooldownSeconds: 0, enactmentsPerHour: 9, concurrentEnactments: 2 };
const inputs = {
  observer: undefined,
  scorer: undefined,
  negotiator: undefined,
  executor: { limits },
  governance: { approvalTtlMs: ttlMs },
};

function actorsWith(world: World) {
  const enactment = world.machine();
  return {
    observer: revivable(counter),
    scorer: revivable(counter),
    negotiator: revivable(counter),
    executor: revivable(executorMachine.provide({ actors: { enactment } })),
    governance: revivable(governanceMachine),
  };
}

function run(world = new World(), actors = actorsWith(world)) {
  const clock = new SimulatedClock();
  const said: TenantEmitted[] = [];
  const taken = new Set<string>();
  const actor = createActor(tenantMachine.provide({ actors }), {
    input: { inputs },
    clock,
    inspect: (inspected) => {
      if (inspected.type !== '@xstate.microstep') return;
      for (const transition of inspected._transitions) taken.add(nameOf(transition));
    },
  });
  actor.on('*', (event) => said.push(event));
  actor.start();
  const tell = (agent: AgentName, ...events: readonly AgentEvent[]) => {
    for (const event of events) actor.send({ type: 'agent.told', agent, event });
  };
  const counts = (agent: AgentName) =>
    said.flatMap((word) =>
      word.type === 'agent.said' && word.agent === agent && 'heard' in word.event
        ? [word.event.heard]
        : [],
    );
  const words = (agent: AgentName) =>
    said.flatMap((word) =>
      word.type === 'agent.said' && word.agent === agent ? [word.event.type] : [],
    );
  return { actor, clock, said, taken, tell, counts, words, world };
}

const good: AgentEvent = { type: 'time.advanced', at: 1 };
const bad: AgentEvent = { type: 'time.advanced', at: -1 };
const certified = (decision: Decision) => ({ type: 'decision.certified', decision }) as const;
const released = ({ decisionId }: Decision) => ({ type: 'decision.released', decisionId }) as const;

describe('a tenant', () => {
  test('owns exactly its five agents and carries their words', () => {
    const { actor, tell, counts, said } = run();
    expect(Object.keys(actor.getSnapshot().children).sort()).toEqual([...agentNames].sort());
    tell('scorer', good, good);
    expect(counts('scorer')).toEqual([1, 2]);
    expect(said.every((word) => word.type === 'agent.said')).toBe(true);
  });

  test('brings a failed agent back from its last good state, without the event', () => {
    const { tell, counts, clock, said } = run();
    tell('scorer', good, good, bad);
    expect(said.at(-1)).toEqual({
      type: 'agent.failed',
      agent: 'scorer',
      failures: 1,
      reason: 'negative time',
    });
    clock.increment(100);
    tell('scorer', good);
    expect(counts('scorer')).toEqual([1, 2, 3]);
  });

  test('keeps what is told during the backoff, in order', () => {
    const { tell, counts, clock } = run();
    tell('scorer', good, bad, good, good);
    expect(counts('scorer')).toEqual([1]);
    clock.increment(100);
    expect(counts('scorer')).toEqual([1, 2, 3]);
  });

  test('does not let the failure of one agent touch another', () => {
    const { tell, counts } = run();
    tell('scorer', bad);
    tell('observer', good);
    tell('negotiator', good);
    expect([counts('observer'), counts('negotiator')]).toEqual([[1], [1]]);
  });

  test('waits longer after each failure in a row and gives up after five', () => {
    const { tell, clock, said, counts } = run();
    const failures = () => said.filter(({ type }) => type === 'agent.failed').length;
    tell('scorer', bad, bad, bad, bad, bad, good);
    for (const [index, pause] of [100, 200, 400, 800].entries()) {
      clock.increment(pause - 1);
      expect(failures()).toBe(index + 1);
      clock.increment(1);
      expect(failures()).toBe(index + 2);
    }
    expect(said.at(-1)).toMatchObject({ type: 'agent.stopped', agent: 'scorer' });
    tell('scorer', good);
    clock.increment(1_000_000);
    expect(counts('scorer')).toEqual([]);
    tell('observer', good);
    expect(counts('observer')).toEqual([1]);
  });

  test('loses only the event that fails an agent, not those that wait behind it', () => {
    const { tell, clock, counts } = run();
    tell('scorer', bad, good, bad, good, good);
    clock.increment(100);
    expect(counts('scorer')).toEqual([1]);
    clock.increment(200);
    expect(counts('scorer')).toEqual([1, 2, 3]);
  });

  test('forgives failures that are not in a row', () => {
    const { tell, clock, said } = run();
    for (let round = 0; round < 12; round += 1) {
      tell('scorer', bad);
      clock.increment(100);
      tell('scorer', good, good);
    }
    expect(said.filter(({ type }) => type === 'agent.failed')).toHaveLength(12);
    expect(said.some(({ type }) => type === 'agent.stopped')).toBe(false);
  });

  test('stops an agent that has more to hear than can wait', () => {
    const { tell, said } = run();
    tell('scorer', bad);
    for (let count = 0; count <= pendingMax; count += 1) tell('scorer', good);
    expect(said.at(-1)).toMatchObject({ type: 'agent.stopped', agent: 'scorer' });
  });

  test('stops an agent that cannot even start', () => {
    const { clock, said } = run(new World(), {
      ...actorsWith(new World()),
      observer: revivable({
        ...counter,
        getInitialSnapshot: () => {
          throw new Error('no state');
        },
      } as never),
    });
    for (const pause of [100, 200, 400, 800]) clock.increment(pause);
    expect(said.at(-1)).toEqual({ type: 'agent.stopped', agent: 'observer', reason: 'no state' });
  });

  test('keeps a state that can be cloned, which is what restoring needs', () => {
    const { actor, tell } = run();
    tell('executor', certified(decisionOf(1)));
    tell('governance', certified(decisionOf(1)));
    expect(() => structuredClone(actor.getSnapshot().context.lives)).not.toThrow();
    for (const name of agentNames) {
      const child = actor.getSnapshot().children[name];
      expect(() => structuredClone(child?.getPersistedSnapshot())).not.toThrow();
    }
  });
});

/** An event that the executor's own rules make it throw on: a stop without a scope to compare. */
const poison = { type: 'stop.recorded', stop: null } as unknown as AgentEvent;

describe('a failed executor', () => {
  test('probes what it had started and applies nothing twice', async () => {
    for (const at of ['preparing', 'snapshotting', 'applying', 'verifying']) {
      const world = new World();
      const { tell, clock, words } = run(world);
      const decision = decisionOf(1);
      tell('executor', certified(decision));
      await settle();
      tell('executor', released(decision));
      const calls = { preparing: 2, snapshotting: 3, applying: 4, verifying: 5 }[at] ?? 0;
      while (world.log.length < calls) await Promise.resolve();
      tell('executor', poison);
      await settle();
      expect(words('executor')).toEqual(['dry-run']);
      clock.increment(100);
      await settle();
      expect(world.log.slice(calls)[0]).toBe('probeTarget');
      expect(world.changes).toEqual([decision.decisionId]);
      expect(words('executor')).toEqual(['dry-run', 'enactment']);
    }
  });

  test('still knows what waits, what was released, and what is stopped', async () => {
    const { tell, clock, words, world } = run();
    tell('executor', { type: 'stop.recorded', stop: stopOf() }, certified(decisionOf(1)));
    await settle();
    tell('executor', released(decisionOf(1)), poison);
    clock.increment(100);
    await settle();
    expect(words('executor')).toEqual(['dry-run']);
    expect(world.log).toEqual(['runDryRun']);
  });

  test('fails with an enactment that fails, and finds it again', async () => {
    const world = new World();
    let isBroken = true;
    const broken = world.machine().provide({
      actors: {
        takeSnapshot: fromPromise(async () => {
          const answer = { preState: world.dryRun?.preState ?? '', state: world.target };
          return isBroken ? (null as unknown as typeof answer) : answer;
        }),
      },
    });
    const { tell, clock, words, said } = run(world, {
      ...actorsWith(world),
      executor: revivable(executorMachine.provide({ actors: { enactment: broken } })),
    });
    tell('executor', certified(decisionOf(1)));
    await settle();
    tell('executor', released(decisionOf(1)));
    await settle();
    expect(said.at(-1)).toMatchObject({ type: 'agent.failed', agent: 'executor' });
    isBroken = false;
    clock.increment(100);
    await settle();
    expect(world.log).toContain('probeTarget');
    expect(words('executor')).toEqual(['dry-run', 'enactment']);
    expect(enactmentMachine.id).toBe('enactment');
  });
});

test('a failed governance still waits for what was missing, with a timer', async () => {
  const { tell, clock, words, said } = run();
  const gated = decisionOf(1, { gate: approverGate });
  tell('governance', certified(gated), { type: 'dry-run.recorded', dryRun: dryRunOf(gated) });
  tell('governance', { type: 'approval.recorded', approval: null } as unknown as AgentEvent);
  expect(said.at(-1)).toMatchObject({ type: 'agent.failed', agent: 'governance' });
  clock.increment(100);
  expect(words('governance')).toEqual(['gate', 'gate']);
  clock.increment(ttlMs);
  expect(words('governance')).toEqual(['gate', 'gate', 'close']);
});

/** What needs a failure at the right moment, which no list of events brings about. */
function troubledLives(): ReadonlySet<string> {
  const agent = 'scorer';
  const lives = [0, 1, 2, 3].map(() => run());
  const [failing, full, surprised, overrun] = lives;
  // It fails again among the events that waited for it.
  failing?.actor.on('agent.said', () => failing.tell(agent, bad));
  failing?.tell(agent, bad, bad, good, bad, good, good);
  for (const pause of [100, 200, 400, 800]) failing?.clock.increment(pause);
  // More comes while it waits than can be kept.
  full?.tell(agent, bad, ...Array<AgentEvent>(pendingMax + 1).fill(good));
  // One event fails it, and another is on its way before the news of that.
  surprised?.actor.on('agent.said', () => surprised.tell(agent, bad, good));
  surprised?.tell(agent, good);
  // More comes while it catches up than can be kept.
  overrun?.tell(agent, bad, ...Array<AgentEvent>(pendingMax).fill(good));
  overrun?.actor.on('agent.said', () => overrun.tell(agent, good, good, good));
  overrun?.clock.increment(100);
  return new Set(lives.flatMap(({ taken }) => [...taken]));
}

test('every transition of the tenant machine can be taken', () => {
  const troubled = troubledLives();
  for (const agent of agentNames) {
    const error = { type: `xstate.error.actor.${agent}`, error: new Error('bug') };
    const told = { type: 'agent.told', agent, event: good };
    const heard = { type: 'agent.heard', agent, event: { type: 'risk' } };
    const due = { type: `xstate.after.${agent}Backoff.tenant.${agent}.waiting` };
    const { missed } = coverTransitions(
      tenantMachine.provide({ actors: actorsWith(new World()) }),
      {
        input: { inputs },
        events: [error, told, heard, due, { type: 'agent.resumed', agent } as { type: string }],
        stateKey: ({ value, context }) => JSON.stringify([value, context.lives[agent].failures]),
      },
    );
    const own = missed.filter((name) => name.startsWith(`tenant.${agent}.`));
    // The five lives are one description, so what happens to one can happen to each.
    const never = own.filter((name) => !troubled.has(name.replaceAll(agent, 'scorer')));
    expect(never).toEqual([]);
  }
});
