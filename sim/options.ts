/** The command line of the simulator, checked. */
import { parseArgs } from 'node:util';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import { type FaultClass, faultClasses } from './faults.ts';
import type { SignerKind } from './signer.ts';
import type { WorldOptions } from './world.ts';

export type RunOptions = Omit<WorldOptions, 'seed' | 'onTrace'>;

export interface SimOptions {
  readonly seeds: readonly number[];
  /** Whether one seed was asked for, not a range. */
  readonly isSingle: boolean;
  readonly run: RunOptions;
  readonly json: boolean;
  /** Print every line of the trace to stderr. */
  readonly trace: boolean;
  readonly workers: number | null;
}

export const usage = `usage: npm run sim -- [--seed N | --seeds COUNT] [options]

  --seed N          one world
  --seeds COUNT     worlds 1 to COUNT
  --regions N       regions of the federation (3)
  --tenants N       tenants (2)
  --duration S      simulated seconds a world lasts at least (130)
  --engine NAME     quorum, the only one so far
  --fault-model M   crash or byzantine (crash)
  --faults LIST     ${faultClasses.join(',')}, or none
  --signer KIND     fake or ed25519 (fake)
  --workers N       threads (one a core)
  --trace           print the trace to stderr
  --json            the result as one line of JSON

exit: 0 passed, 2 usage, 10 safety, 11 liveness, 12 crash`;

/** A sentence when the arguments make no sense. */
export function parseSimArguments(args: readonly string[]): SimOptions | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { seed, seeds, engine } = values;
  if (seed !== undefined && seeds !== undefined) return 'give --seed or --seeds, not both';
  if (engine !== 'quorum') return `--engine ${engine} is not there; use quorum`;
  const numbers = {
    seed: integer(seed ?? '1', 0),
    seeds: integer(seeds ?? '1', 1),
    regions: integer(values.regions, 1),
    tenants: integer(values.tenants, 1),
    duration: integer(values.duration, 30),
    workers: integer(values.workers ?? '1', 1),
  };
  const wrong = Object.entries(numbers).find(([, value]) => value === null)?.[0];
  if (wrong) return `--${wrong} is not a number that makes sense`;
  const run = runOptions(values, numbers);
  if (typeof run === 'string') return run;
  const isSingle = seeds === undefined;
  return {
    seeds: isSingle
      ? [numbers.seed ?? 1]
      : Array.from({ length: numbers.seeds ?? 1 }, (_, index) => index + 1),
    isSingle,
    run,
    json: values.json,
    trace: values.trace,
    workers: values.workers === undefined ? null : numbers.workers,
  };
}

function parse(args: readonly string[]) {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  return parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      regions: text('3'),
      tenants: text('2'),
      duration: text('130'),
      engine: text('quorum'),
      'fault-model': text('crash'),
      faults: text(faultClasses.join(',')),
      signer: text('fake'),
      workers: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  }).values;
}

function runOptions(
  values: ReturnType<typeof parse>,
  numbers: Readonly<Record<'regions' | 'tenants' | 'duration', number | null>>,
): RunOptions | string {
  const faultModel = values['fault-model'];
  const { signer } = values;
  const { regions, tenants, duration } = numbers;
  const faults = values.faults === 'none' ? [] : values.faults.split(',');
  const unknown = faults.find((name) => !isFaultClass(name));
  if (unknown !== undefined) return `there is no fault ${unknown}`;
  if (!isFaultModel(faultModel)) return '--fault-model is crash or byzantine';
  if (!isSignerKind(signer)) return '--signer is fake or ed25519';
  if (faultModel === 'byzantine' && (regions ?? 0) < 4) return 'byzantine needs 4 regions';
  return {
    regions: regions ?? 3,
    tenants: tenants ?? 2,
    durationMs: (duration ?? 130) * 1000,
    faultModel,
    signer,
    faults: faults.filter(isFaultClass),
  };
}

function integer(text: string, minimum: number): number | null {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value >= minimum ? value : null;
}

function isFaultClass(name: string): name is FaultClass {
  return faultClasses.some((known) => known === name);
}

function isFaultModel(name: string): name is FaultModel {
  return name === 'crash' || name === 'byzantine';
}

function isSignerKind(name: string): name is SignerKind {
  return name === 'fake' || name === 'ed25519';
}
