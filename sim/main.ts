/**
 * `npm run sim`: runs worlds, spread over the cores, and says what they showed.
 *
 * The result of a seed does not depend on which thread ran it or on what else ran; only
 * wallSeconds comes from a real clock.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type FaultCounts, faultClasses, noFaults } from './faults.ts';
import { parseSimArguments, type SimOptions, usage } from './options.ts';
import type { WorkerData } from './worker.ts';
import { replayLine, type Violation, type WorldResult } from './world.ts';

export interface SimReport {
  readonly seed?: number;
  readonly seeds?: number;
  readonly engine: 'quorum';
  readonly faults: FaultCounts;
  readonly decisions: number;
  readonly aborted: number;
  readonly simulatedSeconds: number;
  readonly wallSeconds: number;
  readonly traceHash: string;
  readonly violations: readonly Violation[];
  readonly passed: boolean;
}

const exitCodes = { passed: 0, usage: 2, safety: 10, liveness: 11, crash: 12 } as const;

/** Runs every seed; the results are in the order of the seeds. */
async function runSeeds(options: SimOptions): Promise<readonly WorldResult[]> {
  const results = new Map<number, WorldResult>();
  const waiting = [...options.seeds];
  const threads = Math.min(options.workers ?? availableParallelism(), waiting.length);
  await Promise.all(Array.from({ length: threads }, () => runThread(options, waiting, results)));
  return options.seeds.flatMap((seed) => results.get(seed) ?? []);
}

/** One thread takes seeds until none is left; one that dies is replaced. */
async function runThread(
  options: SimOptions,
  waiting: number[],
  results: Map<number, WorldResult>,
): Promise<void> {
  const workerData: WorkerData = { run: options.run, trace: options.trace };
  let worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
    const result = await runOne(worker, seed);
    if (result instanceof Error) {
      results.set(seed, crashed(options, seed, result));
      worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    } else {
      results.set(seed, result);
    }
    progress(results.size, options, seed);
  }
  await worker.terminate();
}

function runOne(worker: Worker, seed: number): Promise<WorldResult | Error> {
  return new Promise((resolve) => {
    const end = (result: WorldResult | Error) => {
      worker.removeAllListeners('message');
      worker.removeAllListeners('error');
      resolve(result);
    };
    worker.on('message', end);
    worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
    worker.postMessage(seed);
  });
}

/** The program itself fell over: a bug whatever the invariants say. */
function crashed({ run }: SimOptions, seed: number, error: Error): WorldResult {
  process.stderr.write(`seed ${seed}: ${error.stack ?? error.message}\n`);
  const replay = replayLine({ ...run, seed });
  const violation = { invariant: 'crash', seed, at: 0, what: error.message, replay };
  return {
    seed,
    faults: noFaults(),
    decisions: 0,
    aborted: 0,
    simulatedSeconds: 0,
    traceHash: 'none',
    violations: [violation],
  };
}

function progress(done: number, { seeds, isSingle }: SimOptions, seed: number): void {
  if (isSingle || (done % 20 !== 0 && done !== seeds.length)) return;
  process.stderr.write(`${done} of ${seeds.length} worlds (last: seed ${seed})\n`);
}

function reportOf(
  options: SimOptions,
  results: readonly WorldResult[],
  wallSeconds: number,
): SimReport {
  const total = (of: (result: WorldResult) => number) =>
    results.reduce((sum, result) => sum + of(result), 0);
  const faults = noFaults();
  for (const name of faultClasses) faults[name] = total((result) => result.faults[name]);
  const [only] = results;
  const all = createHash('sha256');
  for (const { seed, traceHash } of results) all.update(`${seed} ${traceHash}\n`);
  const violations = results.flatMap((result) => result.violations);
  return {
    ...(options.isSingle ? { seed: only?.seed ?? 0 } : { seeds: results.length }),
    engine: 'quorum',
    faults,
    decisions: total(({ decisions }) => decisions),
    aborted: total(({ aborted }) => aborted),
    simulatedSeconds: total(({ simulatedSeconds }) => simulatedSeconds),
    wallSeconds: Math.round(wallSeconds * 1000) / 1000,
    traceHash: options.isSingle && only ? only.traceHash : `sha256:${all.digest('hex')}`,
    violations,
    passed: violations.length === 0,
  };
}

function exitCodeOf({ violations }: SimReport): number {
  const kinds = new Set(
    violations.map(({ invariant }) => {
      if (invariant === 'crash') return 'crash' as const;
      return invariant.startsWith('L') ? ('liveness' as const) : ('safety' as const);
    }),
  );
  if (kinds.has('safety')) return exitCodes.safety;
  if (kinds.has('crash')) return exitCodes.crash;
  return kinds.has('liveness') ? exitCodes.liveness : exitCodes.passed;
}

function scorecard(report: SimReport, results: readonly WorldResult[]): string {
  const fewest = Math.min(...results.map(({ decisions }) => decisions));
  const shortest = Math.min(...results.map(({ simulatedSeconds }) => simulatedSeconds));
  const faults = faultClasses.map((name) => `${name} ${report.faults[name]}`).join(', ');
  return [
    `${results.length} worlds, ${Math.round(report.simulatedSeconds)} simulated seconds in ` +
      `${report.wallSeconds} s`,
    `${report.decisions} decisions, ${report.aborted} of them to do nothing; ` +
      `a world had at least ${fewest} in at least ${Math.floor(shortest)} s`,
    `faults: ${faults}`,
    `trace ${report.traceHash}`,
    ...report.violations.map(
      ({ invariant, seed, at, what, replay }) =>
        `${invariant} in seed ${seed} at ${at} ms: ${what}\n  ${replay}`,
    ),
    report.passed ? 'passed' : 'failed',
  ].join('\n');
}

const options = parseSimArguments(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n\n${usage}\n`);
  process.exitCode = exitCodes.usage;
} else {
  const startedAt = performance.now();
  const results = await runSeeds(options);
  const report = reportOf(options, results, (performance.now() - startedAt) / 1000);
  const text = scorecard(report, results);
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = exitCodeOf(report);
}
