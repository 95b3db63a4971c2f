/**
 * What people do in a world: put actions forward, approve or deny, and stop things.
 *
 * Everything is drawn from the seed before the run, except who happens to be up. A request to a
 * node that is down, refuses or never answers is made again elsewhere, as a person would.
 */
import type { Driver } from '#fabric/ports.ts';
import { QuorateError } from '#protocols/errors.ts';
import { tenantOf } from '#protocols/ids.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import type { Caller, ProposalView, RegionNode } from '#regions/node.ts';
import type { Agenda } from './clock.ts';
import type { History } from './history.ts';
import type { SimNode } from './node.ts';
import type { Seed } from './seed.ts';
import type { Trace } from './trace.ts';

export interface WorkloadOptions {
  readonly agenda: Agenda;
  readonly seed: Seed;
  readonly trace: Trace;
  readonly history: History;
  readonly nodes: readonly SimNode[];
  readonly cluster: Driver;
  readonly tenants: readonly string[];
  readonly targets: readonly string[];
  /** Milliseconds after the world's beginning between which people are at work. */
  readonly fromMs: number;
  readonly untilMs: number;
}

const proposalEveryMs = 2500;
const approvalEveryMs = 2000;
const stopsMax = 2;
const retryMs = 1000;
const answerMs = 15_000;
const attemptsMax = 30;

export class Workload {
  readonly #o: WorkloadOptions;
  #stops = 0;
  /** Requests that still wait for their acknowledgement. */
  #open = 0;

  constructor(options: WorkloadOptions) {
    this.#o = options;
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  /** Enters everything into the agenda. */
  plan(): void {
    const { seed, fromMs, untilMs } = this.#o;
    const draw = seed.fork('proposals');
    for (let at = fromMs; at < untilMs; at += draw.integer(1, 2 * proposalEveryMs - 1)) {
      this.#propose(at, draw.fork(`proposal/${at}`));
    }
    const stops = seed.fork('stops');
    for (let count = stops.integer(0, stopsMax); count > 0; count -= 1) {
      this.#stop(stops.integer(fromMs, untilMs), stops.fork(`stop/${count}`));
    }
    this.#approve(seed.fork('approvals'));
  }

  #propose(atMs: number, draw: Seed): void {
    const target = draw.pick(this.#o.targets);
    const caller = callerOf('alice', target, ['operator']);
    this.#request(atMs, draw, async (region) => {
      const state = await this.#o.cluster.observe(target);
      if (!state) return;
      const view = await region.submit(caller, { target, action: drawAction(draw, state) });
      this.#note('submitted', region.id, view);
    });
  }

  #stop(atMs: number, draw: Seed): void {
    const { history, targets } = this.#o;
    const target = draw.pick(targets);
    const actions: readonly Stop['action'][] = ['pause', 'abort', 'emergency-stop'];
    const about = { tenant: tenantOf(target), target, action: draw.pick(actions) };
    const caller = callerOf('carol', target, ['operator']);
    this.#request(atMs, draw, async (region) => {
      this.#stops += 1;
      const asked = { region: region.id, id: this.#stops, ...about };
      history.tell({ type: 'stop.asked', ...asked });
      try {
        await region.stop(caller, { action: about.action, target, reason: 'a drill' });
        history.tell({ type: 'stop.done', ...asked });
      } catch (error) {
        history.tell({ type: 'stop.refused', ...asked });
        throw error;
      }
    });
  }

  /** A person looks at what waits, again and again, to the world's end. */
  #approve(draw: Seed): void {
    const { agenda, tenants } = this.#o;
    agenda.after(approvalEveryMs, 'person', () => {
      this.#approve(draw);
      const region = this.#someRegion(draw);
      if (!region) return;
      for (const tenant of tenants) {
        this.#decide(region, tenant, draw).catch((error: unknown) => this.#refused(error));
      }
    });
  }

  async #decide(region: RegionNode, tenant: string, draw: Seed): Promise<void> {
    for (const view of await region.pending(tenant)) {
      // The same person thinks the same about the same thing whenever asked.
      const mood = draw.fork(view.proposalId).share();
      if (mood > 0.9) continue;
      const verdict = mood < 0.75 ? ('approve' as const) : ('deny' as const);
      const isFirst = view.approvals.length === 0;
      const approver = isFirst ? 'bob' : 'dana';
      const caller = callerOf(approver, view.target, ['approver', 'org-admin']);
      const request = { proposalId: view.proposalId, verdict, reason: 'as drawn', approver };
      this.#note(verdict, region.id, await region.approve(caller, request));
    }
  }

  /** Makes a request at some node that is up, and again elsewhere until one acknowledges it. */
  #request(atMs: number, draw: Seed, make: (region: RegionNode) => Promise<void>): void {
    this.#open += 1;
    let attempts = 0;
    let isDone = false;
    const attempt = () => {
      if (isDone) return;
      attempts += 1;
      const region = this.#someRegion(draw);
      if (!region && attempts < attemptsMax) {
        this.#o.agenda.after(retryMs, 'person', attempt);
        return;
      }
      const again = this.#o.agenda.after(answerMs, 'person', attempt);
      const end = (error?: unknown) => {
        if (error !== undefined) this.#refused(error);
        if (isRetryable(error) && attempts < attemptsMax) return;
        this.#o.agenda.cancel(again);
        if (!isDone) this.#open -= 1;
        isDone = true;
      };
      if (region) make(region).then(() => end(), end);
      else end();
    };
    this.#o.agenda.after(atMs, 'person', attempt);
  }

  #someRegion(draw: Seed): RegionNode | null {
    const running = this.#o.nodes.flatMap(({ region }) => region ?? []);
    return running.length > 0 ? draw.pick(running) : null;
  }

  #note(what: string, region: string, { proposalId, target, version }: ProposalView): void {
    const id = proposalId.slice(0, 16);
    this.#o.trace.line(this.#o.agenda.now(), what, region, `${target}@${version}`, id);
  }

  /** Refusals are answers: no quorum, expired, stopped. Their code is part of the trace. */
  #refused(error: unknown): void {
    const code = error instanceof QuorateError ? error.code : String(error);
    this.#o.trace.line(this.#o.agenda.now(), 'refused', code);
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof QuorateError && error.retryable;
}

function callerOf(subject: string, target: string, roles: Caller['roles']): Caller {
  return { subject, tenant: tenantOf(target), roles };
}

/** Something that the target's present state allows; now and then more than policy likes. */
function drawAction(draw: Seed, state: TargetState): Action {
  const kind = draw.pick(['scale', 'scale', 'restart', 'rightsize', 'rotate-keys'] as const);
  switch (kind) {
    case 'scale':
      return { kind, replicas: draw.integer(1, Math.max(2, state.replicas * 4)) };
    case 'restart':
      return { kind, generation: state.generation + 1 };
    case 'rotate-keys':
      return { kind, keyVersion: state.keyVersion + 1 };
    case 'rightsize':
      return {
        kind,
        cpuMillis: Math.max(100, Math.round(state.cpuMillis * 0.8)),
        memoryMib: Math.max(128, Math.round(state.memoryMib * 0.8)),
      };
  }
}
