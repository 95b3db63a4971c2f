/**
 * One region's machine: starts, crashes and starts again on the disk it had.
 *
 * Each start is a new incarnation with a clock, a transport and ports of its own. When it
 * crashes, all of them go dead at once; promises it waits for never resolve.
 */
import type { Driver, Log, Metrics, Ports } from '#fabric/ports.ts';
import type { RegionNode } from '#regions/node.ts';
import { type Agenda, NodeClock } from './clock.ts';
import { federation } from './constitution.ts';
import { SimDisk } from './disk.ts';
import { simDriver } from './driver.ts';
import type { History } from './history.ts';
import type { SimNetwork, SimTransport } from './network.ts';
import type { Seed } from './seed.ts';
import { type SignerKind, simLogSigner, simSigner, simVerifiers } from './signer.ts';
import type { Scenery } from './telemetry.ts';
import type { Trace } from './trace.ts';

/** Makes a running region from its ports: what regions/region.ts does. */
export type OpenRegion = (id: string, ports: Ports) => Promise<RegionNode>;

export interface NodeOptions {
  readonly id: string;
  readonly members: readonly string[];
  readonly agenda: Agenda;
  readonly seed: Seed;
  readonly trace: Trace;
  readonly history: History;
  readonly network: SimNetwork;
  readonly scenery: Scenery;
  readonly cluster: Driver;
  readonly signer: SignerKind;
  readonly openRegion: OpenRegion;
  /** The program gave up, or failed to start: a bug in a world without broken disks. */
  readonly onFatal: (node: string, error: unknown) => void;
}

/** How long a program that gave up stays down. */
const restartMs = 1000;

interface Incarnation {
  readonly clock: NodeClock;
  readonly transport: SimTransport;
}

export class SimNode {
  readonly id: string;
  readonly disk: SimDisk;
  readonly #o: NodeOptions;
  #alive: Incarnation | null = null;
  #region: RegionNode | null = null;
  #starts = 0;

  constructor(options: NodeOptions) {
    this.id = options.id;
    this.#o = options;
    this.disk = new SimDisk({
      identity: { federation, region: options.id },
      seed: options.seed.fork('disk'),
      onDurable: (ops) => {
        options.trace.line(options.agenda.now(), 'durable', options.id, ops.length);
        options.history.durable(options.id, ops);
      },
    });
  }

  /** The running region; null while the machine is down or still opening. */
  get region(): RegionNode | null {
    return this.#region;
  }

  get isUp(): boolean {
    return this.#alive !== null;
  }

  start(): void {
    if (this.#alive) return;
    const { agenda, trace, history, network, members } = this.#o;
    this.#starts += 1;
    trace.line(agenda.now(), 'start', this.id, this.#starts);
    history.tell({ type: 'node.started', region: this.id });
    const clock = new NodeClock(agenda, this.id);
    const incarnation = { clock, transport: network.connect(this.id, members) };
    this.#alive = incarnation;
    this.#o.openRegion(this.id, this.#ports(incarnation)).then(
      (region) => {
        if (this.#alive === incarnation) this.#region = region;
      },
      (error: unknown) => this.#fatal(incarnation, error),
    );
  }

  crash(): void {
    const incarnation = this.#alive;
    if (!incarnation) return;
    this.#alive = null;
    this.#region = null;
    incarnation.clock.stop();
    incarnation.transport.crash();
    this.disk.crash();
    this.#o.trace.line(this.#o.agenda.now(), 'crash', this.id);
    this.#o.history.tell({ type: 'node.crashed', region: this.id });
  }

  #fatal(incarnation: Incarnation, error: unknown): void {
    if (this.#alive !== incarnation) return;
    this.crash();
    this.#o.onFatal(this.id, error);
    // As a service manager would; the violation stands.
    this.#o.agenda.after(restartMs, 'power', () => this.start());
  }

  #ports(incarnation: Incarnation): Ports {
    const { clock, transport } = incarnation;
    const { cluster, history, signer, scenery } = this.#o;
    const seed = this.#o.seed.fork(`start/${this.#starts}`);
    const random = seed.fork('random');
    return {
      clock,
      transport,
      random: { bytes: (length) => random.bytes(length) },
      store: this.disk.open(clock),
      signer: simSigner(signer, this.id),
      logSigner: simLogSigner(signer, this.id),
      ...simVerifiers(signer),
      telemetry: scenery.sourceOf(this.id, clock),
      driver: simDriver({ cluster, clock, seed: seed.fork('driver'), history, region: this.id }),
      log: this.#log(),
      metrics: noMetrics,
      fatal: (error) => this.#fatal(incarnation, error),
    };
  }

  /** Warnings and errors are part of the trace: they change when behaviour does. */
  #log(): Log {
    const { agenda, trace } = this.#o;
    const write = (level: string) => (_fields: Record<string, unknown>, message: string) =>
      trace.line(agenda.now(), level, this.id, message);
    const log: Log = {
      child: () => log,
      debug: () => {},
      info: () => {},
      warn: write('warn'),
      error: write('error'),
    };
    return log;
  }
}

const noMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} };
