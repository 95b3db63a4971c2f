/**
 * One world from one seed: regions over a simulated network, disks and clock.
 *
 *   start -> chaos (faults as planned, people at work) -> heal -> people finish -> settle -> end
 *
 * Events run one at a time; after each, every promise it set off settles (drain.ts) before the
 * next. The history of what happened goes to the checkers while it is made.
 */
import type { Driver } from '#fabric/ports.ts';
import { verifyCertificate } from '#protocols/ballot/certificate.ts';
import { VerifiedRoots } from '#protocols/ballot/verified-roots.ts';
import { abortValue, instanceKey, journalTarget } from '#protocols/ids.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import type { Checker } from './checkers/checker.ts';
import { checkOneValue } from './checkers/i1.ts';
import { checkOneVote } from './checkers/i2.ts';
import { checkLocks } from './checkers/i3.ts';
import { checkCertificates } from './checkers/i4.ts';
import { checkEnactments } from './checkers/i8.ts';
import { checkAudit } from './checkers/i20.ts';
import { checkStops } from './checkers/i21.ts';
import { Agenda, worldBegins } from './clock.ts';
import { type Founding, federation, found } from './constitution.ts';
import { drain } from './drain.ts';
import {
  type FaultAction,
  type FaultClass,
  type FaultCounts,
  noFaults,
  planFaults,
} from './faults.ts';
import { type Happening, History } from './history.ts';
import { SimNetwork } from './network.ts';
import { type OpenRegion, SimNode } from './node.ts';
import { Seed } from './seed.ts';
import { type SignerKind, simVerifiers } from './signer.ts';
import { batchEveryMs, Scenery } from './telemetry.ts';
import { Trace } from './trace.ts';
import { Workload } from './workload.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly regions: number;
  readonly tenants: number;
  readonly faultModel: FaultModel;
  /** How long a world lasts at least. */
  readonly durationMs: number;
  readonly faults: readonly FaultClass[];
  readonly signer: SignerKind;
  /** Receives every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

/** What the world is built on: the region and the cluster it acts on. */
export interface WorldParts {
  openRegion(founding: Founding): OpenRegion;
  openCluster(founding: Founding): Promise<Driver>;
}

export interface Violation {
  readonly invariant: string;
  readonly seed: number;
  /** Milliseconds since the world began. */
  readonly at: number;
  readonly what: string;
  readonly replay: string;
}

export interface WorldResult {
  readonly seed: number;
  readonly faults: FaultCounts;
  readonly decisions: number;
  readonly aborted: number;
  readonly simulatedSeconds: number;
  readonly traceHash: string;
  readonly violations: readonly Violation[];
}

/** Regions meet before anything goes wrong. */
const calmMs = 5000;
/** The part of a world in which faults happen, and the part in which people ask for things. */
const chaosShare = 0.7;
const peopleShare = 0.8;
/** After the world has healed and people have gone, all work ends within this. */
const settleMsMax = 180_000;
/** A violation is usually followed by many of its kind. */
const violationsMax = 20;

export async function runWorld(options: WorldOptions, parts: WorldParts): Promise<WorldResult> {
  const world = new World(options, found(options), parts);
  return world.run();
}

class World {
  readonly #o: WorldOptions;
  readonly #founding: Founding;
  readonly #parts: WorldParts;
  readonly #seed: Seed;
  readonly #agenda = new Agenda();
  readonly #trace: Trace;
  readonly #counts = noFaults();
  readonly #checkers: Checker[] = [];
  readonly #violations: Violation[] = [];
  readonly #history: History;
  readonly #network: SimNetwork;
  readonly #decided = new Map<string, string>();
  readonly #nodes: SimNode[] = [];
  /** Targets that were stopped: what was certified for them waits for people. */
  readonly #stopped = new Set<string>();

  constructor(options: WorldOptions, founding: Founding, parts: WorldParts) {
    this.#o = options;
    this.#founding = founding;
    this.#parts = parts;
    this.#seed = new Seed(options.seed);
    this.#trace = new Trace(options.onTrace);
    this.#history = new History(
      () => this.#elapsed(),
      [
        (happening) => this.#count(happening),
        (happening, atMs) => {
          for (const checker of this.#checkers) checker.see(happening, atMs);
        },
      ],
    );
    this.#network = new SimNetwork({
      agenda: this.#agenda,
      seed: this.#seed.fork('network'),
      trace: this.#trace,
      counts: this.#counts,
      onSent: (from, bytes) => this.#history.said(from, bytes),
    });
    this.#addCheckers();
  }

  async run(): Promise<WorldResult> {
    const { durationMs } = this.#o;
    const workload = await this.#begin();
    await this.#runUntil(durationMs * chaosShare);
    this.#heal();
    // The rest of the time is enough for what nobody approves to expire.
    await this.#runUntil(durationMs);
    await this.#settle(workload);
    for (const checker of this.#checkers) checker.finish?.(this.#elapsed());
    return {
      seed: this.#o.seed,
      faults: this.#counts,
      decisions: this.#decided.size,
      aborted: [...this.#decided.values()].filter((value) => value === abortValue).length,
      simulatedSeconds: this.#elapsed() / 1000,
      traceHash: this.#trace.digest(),
      violations: this.#violations,
    };
  }

  async #begin(): Promise<Workload> {
    const { durationMs, faults } = this.#o;
    const { regions, tenants, targets } = this.#founding;
    const cluster = await this.#parts.openCluster(this.#founding);
    const openRegion = this.#parts.openRegion(this.#founding);
    const batches = Math.floor((durationMs * peopleShare) / batchEveryMs);
    const scenery = new Scenery(this.#seed.fork('scenery'), targets, batches);
    for (const id of regions) {
      const node = new SimNode({
        id,
        members: regions,
        agenda: this.#agenda,
        seed: this.#seed.fork(`node/${id}`),
        trace: this.#trace,
        history: this.#history,
        network: this.#network,
        scenery,
        cluster,
        signer: this.#o.signer,
        openRegion,
        onFatal: (name, error) => this.#report('crash', `${name} gave up: ${describe(error)}`),
      });
      this.#nodes.push(node);
      this.#agenda.after(0, 'power', () => node.start());
    }
    const span = { chaosFromMs: calmMs, chaosUntilMs: durationMs * chaosShare };
    const plan = { seed: this.#seed.fork('faults'), nodes: regions, classes: faults, ...span };
    for (const { atMs, action } of planFaults(plan)) {
      this.#agenda.after(atMs, action.type, () => this.#strike(action));
    }
    const workload = new Workload({
      agenda: this.#agenda,
      seed: this.#seed.fork('workload'),
      trace: this.#trace,
      history: this.#history,
      nodes: this.#nodes,
      cluster,
      tenants,
      targets,
      fromMs: calmMs,
      untilMs: durationMs * peopleShare,
    });
    workload.plan();
    return workload;
  }

  #strike(action: FaultAction): void {
    const node = this.#nodes.find(({ id }) => 'node' in action && id === action.node);
    switch (action.type) {
      case 'weather':
        this.#network.weather = action.weather;
        return;
      case 'cut':
        for (const { from, to } of action.links) this.#network.cut(from, to);
        return;
      case 'mend':
        this.#network.mend();
        return;
      case 'slow-disk':
        if (node) node.disk.slowness = action.slowness;
        if (action.slowness > 1) this.#counts['slow-disk'] += 1;
        return;
      case 'crash':
        if (!node?.isUp) return;
        this.#counts.crash += 1;
        node.crash();
        this.#agenda.after(action.downMs, 'power', () => node.start());
    }
  }

  /** Cuts are mended, the weather is fair, disks are fast, and every node is up. */
  #heal(): void {
    this.#trace.line(this.#agenda.now(), 'heal');
    this.#network.heal();
    for (const node of this.#nodes) {
      node.disk.slowness = 1;
      node.start();
    }
  }

  /** Runs until nothing is under way in any region, or reports that it does not end. */
  async #settle(workload: Workload): Promise<void> {
    const settled = new Set<string>();
    for (const { id, region } of this.#nodes) {
      region?.settled().then(
        () => settled.add(id),
        (error: unknown) => this.#report('crash', `${id} cannot settle: ${describe(error)}`),
      );
    }
    const until = this.#elapsed() + settleMsMax;
    const isDone = () => workload.isDone && settled.size === this.#nodes.length;
    while (!isDone() && this.#elapsed() < until) await this.#runUntil(this.#elapsed() + 1000);
    if (!isDone()) {
      const late = this.#nodes.filter(({ id }) => !settled.has(id));
      const open = await Promise.all(late.map((node) => this.#underWay(node)));
      this.#report('L1', `still under way: ${open.join('; ') || 'requests of people'}`);
    }
    await this.#compareOutcomes();
    for (const { id, region } of this.#nodes) {
      if (!region) this.#report('L1', `${id} is not running`);
      const verdict = await region?.verifyAudit();
      if (verdict && !verdict.ok) this.#report('I20', `${id}: ${verdict.reason ?? 'bad log'}`);
    }
  }

  /** The decisions that a region has not seen the end of. */
  async #underWay({ id, region }: SimNode): Promise<string> {
    const open: string[] = [];
    for (const tenant of this.#founding.tenants) {
      const { items } = (await region?.proposals(tenant, { limit: 10_000 })) ?? { items: [] };
      for (const { target, version, status } of items) {
        const isOpen = status === 'certified' || status === 'released' || status === 'enacting';
        const held = this.#stopped.has(target) ? ' (stopped somewhere)' : '';
        if (isOpen) open.push(`${target}@${version} ${status}${held}`);
      }
    }
    return `${id}: ${open.join(', ') || 'nothing it names'}`;
  }

  /** In the end every region knows what became of every decision that was not held by a stop. */
  async #compareOutcomes(): Promise<void> {
    const told = new Map<string, Set<string>>();
    for (const { region } of this.#nodes) {
      for (const tenant of this.#founding.tenants) {
        const { items } = (await region?.proposals(tenant, { limit: 10_000 })) ?? { items: [] };
        for (const { certificate, digest, target, version, status } of items) {
          // What lost its instance need not be known everywhere.
          if (!certificate || certificate.value !== digest || this.#stopped.has(target)) continue;
          const name = `${target}@${version}`;
          told.set(name, (told.get(name) ?? new Set()).add(status));
        }
      }
    }
    for (const [name, statuses] of told) {
      if (statuses.size === 1 && !statuses.has('pending-approval')) continue;
      this.#report('L1', `${name} ended as ${[...statuses].sort().join(' and ')}`);
    }
  }

  async #runUntil(elapsedMs: number): Promise<void> {
    const until = worldBegins + elapsedMs;
    for (;;) {
      const event = this.#agenda.next(until);
      if (!event) break;
      const { run } = event;
      event.run = null;
      run?.();
      await drain();
    }
    this.#agenda.advanceTo(until);
  }

  #elapsed(): number {
    return this.#agenda.now() - worldBegins;
  }

  #count(happening: Happening): void {
    if (happening.type === 'stop.asked' && happening.target) this.#stopped.add(happening.target);
    if (happening.type !== 'certificate.durable') return;
    const { instance, value } = happening.certificate;
    if (instance.target !== journalTarget) this.#decided.set(instanceKey(instance), value);
  }

  #addCheckers(): void {
    const { epoch } = this.#founding;
    const checks = { ...simVerifiers(this.#o.signer), roots: new VerifiedRoots() };
    const make = [
      checkOneValue,
      checkOneVote,
      checkLocks,
      checkCertificates,
      checkEnactments,
      checkAudit,
      checkStops,
    ];
    for (const factory of make) {
      const checker: Checker = factory({
        federation,
        epoch,
        verify: (certificate) => verifyCertificate(certificate, epoch, checks).ok,
        report: (what) => this.#report(checker.invariant, what),
      });
      this.#checkers.push(checker);
    }
  }

  #report(invariant: string, what: string): void {
    const at = this.#elapsed();
    this.#trace.line(this.#agenda.now(), 'violation', invariant, what);
    if (this.#violations.length >= violationsMax) return;
    const { seed } = this.#o;
    const replay = replayLine(this.#o);
    this.#violations.push({ invariant, seed, at, what, replay });
  }
}

/** The command that makes this world again. */
export function replayLine(options: Omit<WorldOptions, 'onTrace'>): string {
  const { seed, regions, tenants, durationMs, faults, faultModel, signer } = options;
  const words = [
    `--seed ${seed}`,
    `--regions ${regions}`,
    `--tenants ${tenants}`,
    `--duration ${durationMs / 1000}`,
    `--fault-model ${faultModel}`,
    `--signer ${signer}`,
    `--faults ${faults.join(',') || 'none'}`,
  ];
  return `npm run sim -- ${words.join(' ')} --json`;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
