/**
 * Runs the tenant actors of one region: tells them what happened, in turns, and hands on what
 * they say, in order.
 *
 *   tell -> the tenant's mailbox -> one turn of events -> what was said -> onEmitted -> next turn
 *
 * A tenant's next turn waits until what it said is taken care of (durable, as a rule), which is
 * also what bounds how much can be said. Tenants never wait for each other, and one that fails
 * is marked and left alone. An actor is activated by the first event for it.
 *
 * What a tenant is made of is not known here: the actor logic comes from the region.
 */
import {
  type Actor,
  type AnyActorLogic,
  type AnyEventObject,
  createActor,
  type InputFrom,
} from 'xstate';
import type { Clock, Log, Metrics } from '#fabric/ports.ts';
import { Mailbox } from './mailbox.ts';

export interface AgentWord {
  readonly type: string;
}

export interface ActorHostLimits {
  /** How many events may wait for one tenant. */
  readonly mailboxMax: number;
  /** How many of them make one turn. */
  readonly turnEventsMax: number;
  /** How many tenants may be active. */
  readonly tenantsMax: number;
}

export interface ActorHostOptions<Logic extends AnyActorLogic> {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits: ActorHostLimits;
  /** The tenant's actor logic. It hears `agent.told`, and says `agent.said` and failures. */
  activate(tenant: string): { readonly logic: Logic; readonly input: InputFrom<Logic> };
  /** What an agent said. One call at a time for a tenant, in the order of saying. */
  onEmitted(tenant: string, agent: string, event: AgentWord): void | Promise<void>;
}

export interface DegradedAgent {
  readonly tenant: string;
  /** `tenant` when the tenant's own actor failed. */
  readonly agent: string;
}

export interface ActorHost {
  /** False when refused: the mailbox is full, the tenant has failed, or the host has stopped. */
  tell(tenant: string, agent: string, event: AgentWord): boolean;
  activeTenants(): readonly string[];
  degraded(): readonly DegradedAgent[];
  /** Resolves when nothing waits to be told or handed on. */
  idle(): Promise<void>;
  /** Whether nothing waits to be told or handed on right now. */
  isIdle(): boolean;
  /** Stops every tenant; what they have said is still handed on. */
  stop(): Promise<void>;
}

interface Told {
  readonly agent: string;
  readonly event: AgentWord;
}

interface Said {
  readonly agent: string;
  readonly event: AgentWord;
}

export function createActorHost<Logic extends AnyActorLogic>(
  options: ActorHostOptions<Logic>,
): ActorHost {
  const tenants = new Map<string, HostedTenant>();
  let stopped = false;

  function hosted(tenant: string): HostedTenant | null {
    const known = tenants.get(tenant);
    if (known || tenants.size >= options.limits.tenantsMax) return known ?? null;
    const fresh = new HostedTenant(tenant, options);
    tenants.set(tenant, fresh);
    options.metrics.gauge('tenants_active', tenants.size);
    return fresh;
  }

  return {
    tell: (tenant, agent, event) => !stopped && (hosted(tenant)?.tell({ agent, event }) ?? false),
    activeTenants: () => [...tenants.keys()],
    degraded: () => [...tenants.values()].flatMap((each) => each.degraded()),
    idle: async () => {
      await Promise.all([...tenants.values()].map((each) => each.idle()));
    },
    isIdle: () => [...tenants.values()].every((each) => each.isIdle()),
    stop: async () => {
      stopped = true;
      await Promise.all([...tenants.values()].map((each) => each.stop()));
      tenants.clear();
    },
  };
}

/** One active tenant: its actor, what waits for it, and what it has said. */
class HostedTenant {
  readonly #name: string;
  readonly #o: ActorHostOptions<AnyActorLogic>;
  readonly #inbox: Mailbox<Told>;
  readonly #degraded = new Map<string, string>();
  #actor: Actor<AnyActorLogic> | null = null;
  #said: Said[] = [];
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(name: string, options: ActorHostOptions<AnyActorLogic>) {
    const { limits, metrics } = options;
    this.#name = name;
    this.#o = options;
    this.#inbox = new Mailbox({ name: 'agents', capacity: limits.mailboxMax, metrics });
  }

  tell(told: Told): boolean {
    if (this.#stopped || this.#degraded.has('tenant') || !this.#inbox.offer(told)) return false;
    this.#run();
    return true;
  }

  degraded(): readonly DegradedAgent[] {
    return [...this.#degraded.keys()].map((agent) => ({ tenant: this.#name, agent }));
  }

  isIdle(): boolean {
    return this.#running === null;
  }

  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#inbox.clear();
    await this.idle();
    this.#actor?.stop();
    await this.idle();
  }

  /** Starts a run of turns unless one is under way; it ends when nothing waits. */
  #run(): void {
    if (this.#running) return;
    this.#running = this.#turns().finally(() => {
      this.#running = null;
      if (this.#hasWork()) this.#run();
    });
  }

  async #turns(): Promise<void> {
    // The caller finishes first: telling never runs an agent inside the teller.
    await Promise.resolve();
    while (this.#hasWork()) {
      for (const told of this.#inbox.take(this.#o.limits.turnEventsMax)) this.#deliver(told);
      await this.#handOn();
    }
  }

  #hasWork(): boolean {
    return this.#inbox.size > 0 || this.#said.length > 0;
  }

  #deliver({ agent, event }: Told): void {
    if (this.#degraded.has('tenant')) return;
    this.#actor ??= this.#activate();
    this.#actor?.send({ type: 'agent.told', agent, event });
  }

  #activate(): Actor<AnyActorLogic> | null {
    const { clock, log } = this.#o;
    try {
      const { logic, input } = this.#o.activate(this.#name);
      const actor = createActor(logic, { input, clock: clockOf(clock) });
      actor.subscribe({ error: (error) => this.#fail('tenant', error) });
      actor.on('*', (event) => this.#hear(event));
      actor.start();
      log.debug({ tenant: this.#name }, 'tenant activated');
      return actor;
    } catch (error) {
      this.#fail('tenant', error);
      return null;
    }
  }

  #hear(emitted: AnyEventObject): void {
    const { log, metrics } = this.#o;
    const { agent, event, failures, reason } = emitted;
    if (emitted.type === 'agent.said') {
      this.#said.push({ agent, event });
      this.#run();
    }
    if (emitted.type === 'agent.failed') {
      log.warn({ tenant: this.#name, agent, failures, reason }, 'agent failed');
      metrics.count('agent_failures_total', { agent });
    }
    if (emitted.type === 'agent.stopped') this.#fail(agent, reason);
  }

  #fail(agent: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#degraded.set(agent, reason);
    if (agent === 'tenant') this.#inbox.clear();
    this.#o.log.error({ tenant: this.#name, agent, reason }, 'agent stopped, tenant degraded');
    this.#o.metrics.count('agents_stopped_total', { agent });
  }

  async #handOn(): Promise<void> {
    const said = this.#said;
    this.#said = [];
    for (const { agent, event } of said) {
      try {
        await this.#o.onEmitted(this.#name, agent, event);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const fields = { tenant: this.#name, agent, event: event.type, reason };
        this.#o.log.error(fields, 'what an agent said could not be handed on');
        this.#o.metrics.count('agent_words_lost_total', { agent });
      }
    }
  }
}

function clockOf(clock: Clock): {
  setTimeout(fn: (...args: unknown[]) => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
} {
  return {
    setTimeout: (fn, ms) => clock.setTimeout(() => fn(), ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}
