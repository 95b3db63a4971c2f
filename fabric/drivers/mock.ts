/**
 * The mock driver: a stateful cluster kept in files, one a target.
 *
 *   <tenant>/<service>.json   {state, latestRelease, enactments: [{enactmentId, version, …}]}
 *
 * It keeps what a real driver must: a write is fenced by the version on the object, the same
 * enactment id acts once, restore puts back what the action changed, and after a crash a probe
 * says whether the id arrived. All regions share the files; changes of one target are made one
 * after the other. Faults and latency can be injected to rehearse the rest.
 */
import { QuorateError } from '#protocols/errors.ts';
import { serviceOf, tenantOf } from '#protocols/ids.ts';
import { validate } from '#protocols/messages/index.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { KeyedQueue } from '../keyed-queue.ts';
import type { Clock, Driver, DryRunResult, Enact } from '../ports.ts';
import {
  applied,
  type ClusterLimits,
  dryRunOf,
  endDifferences,
  type MockTarget,
  newTarget,
  refusalsOf,
  restored,
} from './cluster.ts';

/** Where the cluster is kept. A write is atomic and durable when it resolves. */
export interface ClusterFiles {
  read(path: string): Promise<string | undefined>;
  write(path: string, text: string): Promise<void>;
  /** Paths, sorted. */
  list(): Promise<readonly string[]>;
  /** Shared by every driver on the cluster; a target is written to within it only. */
  readonly queue: TargetQueue;
}

/** Changes of one target, one after the other. */
export interface TargetQueue {
  run<T>(target: string, task: () => Promise<T>): Promise<T>;
}

export type DriverOperation = 'observe' | 'dryRun' | 'apply' | 'verify' | 'restore' | 'probe';

/**
 * What goes wrong: nothing is done, it is done but nobody hears of it, or it is done and leaves
 * the target unhealthy (apply only).
 */
export type InjectedFault = 'fails' | 'answer-lost' | 'unhealthy';

export interface MockDriverOptions {
  readonly regions: readonly string[];
  readonly replicasMax?: number;
  /** How long each call takes, on the given clock. */
  readonly latency?: {
    readonly clock: Clock;
    readonly ms: (operation: DriverOperation, target: string) => number;
  };
  readonly inject?: (operation: DriverOperation, target: string) => InjectedFault | null;
}

const replicasMaxDefault = 200;

export function mockDriver(files: ClusterFiles, options: MockDriverOptions): Driver {
  return new MockDriver(files, options);
}

/** Creates a target that is not there yet; false when it is, and then nothing changes. */
export async function seedTarget(files: ClusterFiles, state: TargetState): Promise<boolean> {
  return files.queue.run(state.target, async () => {
    if ((await readTarget(files, state.target)) !== null) return false;
    await writeTarget(files, newTarget(state));
    return true;
  });
}

/** Everything the cluster holds, by target. */
export async function clusterTargets(files: ClusterFiles): Promise<readonly TargetState[]> {
  const states: TargetState[] = [];
  for (const path of await files.list()) {
    const target = await readTarget(files, path.replace(/\.json$/, ''));
    if (target) states.push(target.state);
  }
  return states;
}

/** Files in memory, for simulations and tests. */
export function memoryClusterFiles(): ClusterFiles {
  const texts = new Map<string, string>();
  return {
    read: async (path) => texts.get(path),
    write: async (path, text) => {
      texts.set(path, text);
    },
    list: async () => [...texts.keys()].sort(),
    queue: new KeyedQueue(),
  };
}

class MockDriver implements Driver {
  readonly name = 'mock';
  readonly #files: ClusterFiles;
  readonly #options: MockDriverOptions;
  readonly #limits: ClusterLimits;

  constructor(files: ClusterFiles, options: MockDriverOptions) {
    this.#files = files;
    this.#options = options;
    const { regions, replicasMax = replicasMaxDefault } = options;
    this.#limits = { regions, replicasMax };
  }

  observe(target: string): Promise<TargetState | null> {
    return this.#call('observe', target, async () => {
      return (await readTarget(this.#files, target))?.state ?? null;
    });
  }

  dryRun(target: string, action: Action): Promise<DryRunResult> {
    return this.#call('dryRun', target, async () => {
      const found = await readTarget(this.#files, target);
      if (found) return dryRunOf(found, action, this.#limits);
      return { ok: false, diff: [], reasons: [`there is no target ${target}`], costDelta: 0 };
    });
  }

  apply(enact: Enact): Promise<'applied' | 'already-applied' | 'fenced'> {
    return this.#call('apply', enact.target, (fault) =>
      this.#files.queue.run(enact.target, async () => {
        const found = await this.#required(enact.target);
        if (hasArrived(found, enact.enactmentId)) return 'already-applied';
        // At its own version another enactment has acted: a version is enacted at most once.
        if (enact.version <= found.state.fence) return 'fenced';
        const [refusal] = refusalsOf(found, enact.action, this.#limits);
        if (refusal) throw new QuorateError('invalid-input', `${enact.target}: ${refusal}`);
        await writeTarget(this.#files, applied(found, enact, fault === 'unhealthy'));
        return 'applied';
      }),
    );
  }

  verify(
    target: string,
    action: Action,
  ): Promise<{ readonly ok: boolean; readonly reasons: readonly string[] }> {
    return this.#call('verify', target, async () => {
      const { state } = await this.#required(target);
      const reasons = endDifferences(state, action);
      return { ok: reasons.length === 0, reasons };
    });
  }

  restore(enact: Enact, before: TargetState): Promise<void> {
    return this.#call('restore', enact.target, () =>
      this.#files.queue.run(enact.target, async () => {
        const found = await this.#required(enact.target);
        if (enact.version < found.state.fence) {
          throw new QuorateError(
            'conflict',
            `${enact.target} was changed by version ${found.state.fence} since; not restored`,
          );
        }
        await writeTarget(this.#files, restored(found, enact, before));
      }),
    );
  }

  probe(target: string, enactmentId: string): Promise<'applied' | 'not-applied'> {
    return this.#call('probe', target, async () => {
      const found = await readTarget(this.#files, target);
      return found && hasArrived(found, enactmentId) ? 'applied' : 'not-applied';
    });
  }

  async #required(target: string): Promise<MockTarget> {
    const found = await readTarget(this.#files, target);
    if (found) return found;
    throw new QuorateError('not-found', `there is no target ${target}`, { field: target });
  }

  async #call<T>(
    operation: DriverOperation,
    target: string,
    act: (fault: InjectedFault | null) => Promise<T>,
  ): Promise<T> {
    await this.#wait(operation, target);
    const fault = this.#options.inject?.(operation, target) ?? null;
    if (fault === 'fails') throw injected(operation, target, 'was not done');
    const result = await act(fault);
    if (fault === 'answer-lost') throw injected(operation, target, 'may have been done');
    return result;
  }

  async #wait(operation: DriverOperation, target: string): Promise<void> {
    const { latency } = this.#options;
    const ms = latency?.ms(operation, target) ?? 0;
    if (latency && ms > 0) {
      await new Promise<void>((resolve) => latency.clock.setTimeout(resolve, ms));
    }
  }
}

function injected(operation: DriverOperation, target: string, what: string): QuorateError {
  return new QuorateError('unavailable', `injected fault: ${operation} of ${target} ${what}`, {
    retryable: true,
  });
}

function hasArrived({ enactments }: MockTarget, enactmentId: string): boolean {
  return enactments.some((known) => known.enactmentId === enactmentId);
}

async function readTarget(files: ClusterFiles, target: string): Promise<MockTarget | null> {
  const path = pathOf(target);
  const text = await files.read(path);
  if (text === undefined) return null;
  const found = parse(text);
  if (found && found.state.target === target) return found;
  throw new QuorateError('unavailable', `the mock cluster's file ${path} is damaged`, {
    field: path,
  });
}

/** Only the state has a schema: the rest never leaves this driver. */
function parse(text: string): MockTarget | null {
  try {
    const value = JSON.parse(text) as MockTarget;
    const isWhole = Array.isArray(value.enactments) && Number.isInteger(value.latestRelease);
    return isWhole && validate(['target-state/1'], value.state).ok ? value : null;
  } catch {
    return null;
  }
}

async function writeTarget(files: ClusterFiles, target: MockTarget): Promise<void> {
  await files.write(pathOf(target.state.target), `${JSON.stringify(target, null, 2)}\n`);
}

function pathOf(target: string): string {
  return `${tenantOf(target)}/${serviceOf(target)}.json`;
}
