#!/usr/bin/env node
/**
 * The launcher: checks the version of Node before any TypeScript is read, because an old Node
 * cannot even parse main.ts. Plain JavaScript that Node 12 understands, on purpose.
 */
import module from 'node:module';

const needed = [24, 12];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > needed[0] || (major === needed[0] && minor >= needed[1])) {
  // The second start need not compile again: a third of a second for every command.
  module.enableCompileCache();
  import('./main.ts').then((main) => main.run(process.argv));
} else {
  process.stderr.write(
    `quorate: Node ${process.versions.node} is too old (needs ${needed.join('.')} or newer): ` +
      'on Linux use "npm start" or "npx quorate" after "npm ci", elsewhere install Node 24\n',
  );
  process.exitCode = 2;
}
