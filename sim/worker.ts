/** Runs worlds one after the other in a thread of its own: pure computation. */
import { parentPort, workerData } from 'node:worker_threads';
import { required } from '#protocols/assert.ts';
import type { RunOptions } from './options.ts';
import { worldParts } from './parts.ts';
import { runWorld } from './world.ts';

export interface WorkerData {
  readonly run: RunOptions;
  readonly trace: boolean;
}

const port = required(parentPort, 'worker.ts runs in a thread');
const { run, trace } = workerData as WorkerData;
const sink = (line: string) => process.stderr.write(`${line}\n`);

port.on('message', (seed: number) => {
  // A rejection ends the thread; the main thread counts it as a crash of this seed.
  void runWorld({ ...run, seed, ...(trace && { onTrace: sink }) }, worldParts).then((result) =>
    port.postMessage(result),
  );
});
