import { describe, expect, test } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { revivable } from '#agents/revive.ts';
import { tenantMachine } from '#agents/tenant.machine.ts';
import { type ActorHostOptions, type AgentWord, createActorHost } from '#fabric/host/actor-host.ts';
import type { Log, Metrics } from '#fabric/ports.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

type Word = AgentWord & { readonly count?: number };

/** Counts what it hears; breaks on `broken`, and says `later` after a second. */
const counter = setup({
  types: {
    context: {} as { count: number },
    events: {} as { type: 'counted' } | { type: 'broken' } | { type: 'delayed' },
    emitted: {} as Word,
  },
  delays: { second: 1000 },
  actions: {
    count: assign(({ context }) => ({ count: context.count + 1 })),
    say: emit(({ context }) => ({ type: 'count', count: context.count })),
    sayLater: emit({ type: 'later' }),
    break: () => {
      throw new Error('broken on purpose');
    },
  },
}).createMachine({
  context: { count: 0 },
  initial: 'idle',
  on: {
    counted: { actions: ['count', 'say'] },
    broken: { actions: 'break' },
    delayed: '.waiting',
  },
  states: { idle: {}, waiting: { after: { second: { target: 'idle', actions: 'sayLater' } } } },
});

const agents = {
  observer: revivable(counter),
  scorer: revivable(counter),
  negotiator: revivable(counter),
  executor: revivable(counter),
  governance: revivable(counter),
};
const inputs = {
  observer: null,
  scorer: null,
  negotiator: null,
  executor: null,
  governance: null,
};

function run(change: Partial<ActorHostOptions<typeof tenantMachine>> = {}) {
  const clock = new ManualClock();
  const said: string[] = [];
  const logged: string[] = [];
  const note = (_: unknown, message: string) => void logged.push(message);
  const log: Log = { child: () => log, debug: note, info: note, warn: note, error: note };
  const metrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} };
  const logic = tenantMachine.provide({ actors: agents });
  const host = createActorHost<typeof tenantMachine>({
    clock,
    log,
    metrics,
    limits: { mailboxMax: 4, turnEventsMax: 2, tenantsMax: 3 },
    activate: () => ({ logic, input: { inputs } }),
    onEmitted: (tenant, agent, event: Word) =>
      void said.push(`${tenant} ${agent} ${event.count ?? event.type}`),
    ...change,
  });
  return { host, clock, said, logged };
}

const counted = { type: 'counted' };
const broken = { type: 'broken' };

describe('an actor host', () => {
  test('activates a tenant with its first event and hands on what its agents say', async () => {
    const { host, said } = run();
    expect(host.activeTenants()).toEqual([]);
    expect(host.tell('acme', 'scorer', counted)).toBe(true);
    expect(said).toEqual([]);
    await host.idle();
    expect(said).toEqual(['acme scorer 1']);
    expect(host.activeTenants()).toEqual(['acme']);
  });

  test('never runs an agent inside the teller and refuses beyond its bounds', async () => {
    const { host, said } = run();
    const answers = [1, 2, 3, 4, 5].map(() => host.tell('acme', 'scorer', counted));
    expect(answers).toEqual([true, true, true, true, false]);
    expect(said).toEqual([]);
    await host.idle();
    expect(said).toHaveLength(4);
    host.tell('globex', 'scorer', counted);
    host.tell('initech', 'scorer', counted);
    expect(host.tell('hooli', 'scorer', counted)).toBe(false);
  });

  test('takes the next turn only when what was said is taken care of', async () => {
    const steps: string[] = [];
    let letGo = () => {};
    const { host } = run({
      onEmitted: async (_tenant, _agent, event: Word) => {
        steps.push(`begin ${event.count}`);
        if (event.count === 1) await new Promise<void>((go) => (letGo = go));
        steps.push(`end ${event.count}`);
      },
    });
    for (let count = 0; count < 3; count += 1) host.tell('acme', 'scorer', counted);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(steps).toEqual(['begin 1']);
    letGo();
    await host.idle();
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  test('lets no tenant wait for another', async () => {
    const said: string[] = [];
    const { host } = run({
      onEmitted: async (tenant) => {
        if (tenant === 'acme') await new Promise(() => {});
        said.push(tenant);
      },
    });
    host.tell('acme', 'scorer', counted);
    host.tell('globex', 'scorer', counted);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(said).toEqual(['globex']);
  });

  test('a word that cannot be handed on is logged and the next one is handed on', async () => {
    const said: number[] = [];
    const { host, logged } = run({
      onEmitted: (_tenant, _agent, event: Word) => {
        if (event.count === 1) throw new Error('disk full');
        said.push(event.count ?? 0);
      },
    });
    host.tell('acme', 'scorer', counted);
    host.tell('acme', 'scorer', counted);
    await host.idle();
    expect(said).toEqual([2]);
    expect(logged).toContain('what an agent said could not be handed on');
  });

  test('hands on what is said by a timer, on the clock it was given', async () => {
    const { host, clock, said } = run();
    host.tell('acme', 'scorer', { type: 'delayed' });
    await host.idle();
    clock.advance(1000);
    await host.idle();
    expect(said).toEqual(['acme scorer later']);
  });

  test('an agent that fails touches no other agent and no other tenant', async () => {
    const { host, clock, said, logged } = run();
    host.tell('acme', 'scorer', broken);
    host.tell('acme', 'observer', counted);
    host.tell('globex', 'scorer', counted);
    await host.idle();
    expect(said).toEqual(['acme observer 1', 'globex scorer 1']);
    expect(logged).toContain('agent failed');
    host.tell('acme', 'scorer', counted);
    clock.advance(100);
    await host.idle();
    expect(said.at(-1)).toBe('acme scorer 1');
    expect(host.degraded()).toEqual([]);
  });

  test('an agent that keeps failing leaves its tenant degraded and running', async () => {
    const { host, clock, said } = run();
    for (const pause of [100, 200, 400, 800, 1600]) {
      host.tell('acme', 'scorer', broken);
      await host.idle();
      clock.advance(pause);
    }
    expect(host.degraded()).toEqual([{ tenant: 'acme', agent: 'scorer' }]);
    expect(host.tell('acme', 'observer', counted)).toBe(true);
    await host.idle();
    expect(said).toEqual(['acme observer 1']);
  });

  test('a tenant that cannot be activated is degraded and takes nothing more', async () => {
    const logic = tenantMachine.provide({ actors: agents });
    const { host, said } = run({
      activate: (tenant) => {
        if (tenant === 'acme') throw new Error('no such tenant');
        return { logic, input: { inputs } };
      },
    });
    host.tell('acme', 'scorer', counted);
    host.tell('globex', 'scorer', counted);
    await host.idle();
    expect(host.degraded()).toEqual([{ tenant: 'acme', agent: 'tenant' }]);
    expect(host.tell('acme', 'scorer', counted)).toBe(false);
    expect(said).toEqual(['globex scorer 1']);
  });

  test('a stopped host takes nothing and says nothing more', async () => {
    const { host, clock, said } = run();
    host.tell('acme', 'scorer', { type: 'delayed' });
    await host.idle();
    await host.stop();
    clock.advance(5000);
    expect(clock.pending).toBe(0);
    expect(host.tell('acme', 'scorer', counted)).toBe(false);
    expect(said).toEqual([]);
    expect(host.activeTenants()).toEqual([]);
  });
});
