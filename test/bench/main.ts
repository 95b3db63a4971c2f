/**
 * `npm run bench -- <name>`: runs one benchmark and writes reports/bench/<name>.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '#test/support/source-files.ts';
import { measureConsole, usualConsole } from './console.ts';
import { measureEvents, usualEvents } from './events.ts';

const benches: Readonly<Record<string, () => Promise<object>>> = {
  console: () => measureConsole(usualConsole),
  events: () => measureEvents(usualEvents),
};

const names = Object.keys(benches);

/** What the numbers depend on. */
function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

async function main(asked: readonly string[]): Promise<number> {
  const [name = ''] = asked;
  const bench = asked.length === 1 ? benches[name] : undefined;
  if (!bench) {
    process.stderr.write(`usage: npm run bench -- <name>; the names are ${names.join(', ')}\n`);
    return 2;
  }
  const text = JSON.stringify({ machine: machine(), ...(await bench()) }, null, 2);
  const folder = join(root, 'reports', 'bench');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${text}\n`);
  process.stdout.write(`${text}\n`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
