/** Whether the console that gateways serve is the one in the sources. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { consoleFolder } from '#gateway/console-files.ts';
import { root } from './source-files.ts';

const sources = ['gateway/console/src', 'gateway/console/index.html', 'protocols'];

/** Throws where there is no build, and says so where it may be an old one. */
export function requireConsoleBuild(): void {
  const builtMs = changedMs(join(consoleFolder, 'index.html'));
  if (builtMs === 0) throw new Error('the console is not built: npm run console');
  const changed = sources.flatMap(filesOf).find((path) => changedMs(path) > builtMs);
  if (changed === undefined) return;
  const name = changed.slice(root.length);
  process.stderr.write(`the console was built before ${name} was written: npm run console\n`);
}

function filesOf(path: string): readonly string[] {
  const full = join(root, path);
  if (statSync(full).isFile()) return [full];
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** 0 for what is not there. */
function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
