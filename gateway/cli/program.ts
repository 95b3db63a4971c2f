/**
 * The command tree: what there is, in groups, with examples.
 */
import { Command } from 'commander';
import { addAudit } from './audit.ts';
import type { Cli } from './cli.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import { addDecisions } from './decisions.ts';
import { endingOf } from './exit.ts';
import { addFederation } from './federation.ts';
import { addFabric, addInitFederation } from './init-federation.ts';
import { addKeys } from './keys.ts';
import { addLogin } from './login.ts';
import { addPropose } from './propose.ts';
import { addRegion } from './region.ts';
import { addStop } from './stop.ts';
import { addToken } from './token.ts';
import { addUp } from './up.ts';
import { addVerdicts } from './verdicts.ts';
import { addVerify } from './verify.ts';

const groups = [
  ['Run:', [addUp, addRegion, addLogin]],
  ['Decide:', [addDecisions, addVerdicts, addPropose, addStop, addFederation]],
  ['Check:', [addVerify, addAudit]],
  ['Set up:', [addInitFederation, addFabric, addKeys, addToken, addConfig, addCompletion]],
] as const;

/** Examples of each command, by its path. */
const examples: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  quorate: [
    ['quorate up', 'the demo, in this terminal'],
    ['quorate decisions', 'what was decided, and how each region voted'],
    ['quorate approve 287f1d --as alice', 'approve one decision'],
  ],
  'quorate up': [
    ['quorate up --fresh --port 0', 'begin anew, on a free port'],
    ['quorate up --once --json', 'end after the replay with one line of totals'],
  ],
  'quorate region': [
    ['quorate region --config fed/eu-west/config.yaml', 'after quorate init-federation fed'],
  ],
  'quorate init-federation': [
    ['quorate init-federation fed', 'three regions on this machine, over NATS'],
    ['quorate init-federation fed --hosts eu,us,ap', 'on hosts of their own'],
  ],
  'quorate login': [['xdg-open "$(quorate login)"', 'open the console, logged in']],
  'quorate decisions': [
    ['quorate decisions --status pending-approval', 'what waits for a person'],
    ['quorate decisions 287f1d', 'one decision with every vote'],
  ],
  'quorate approve': [['quorate approve 287f1d --as alice --reason "looks right"', '']],
  'quorate deny': [['quorate deny 287f1d --as bob --reason "not today"', '']],
  'quorate propose': [
    ['quorate propose acme/catalog scale replicas=5 --wait', 'put it forward, follow the votes'],
  ],
  'quorate stop': [
    ['quorate stop acme/catalog', 'one service'],
    ['quorate stop --action emergency-stop', 'everything of every tenant'],
  ],
  'quorate verify': [
    ['quorate verify var/receipts/*.json', 'exit 0 when all hold, 5 when one does not'],
  ],
  'quorate completion': [
    ['source <(quorate completion bash)', 'in ~/.bashrc'],
    ['quorate completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
};

const endings = `Exit codes: 0 ok, 1 failure, 2 usage, 3 denied, 4 unreachable, 5 not verified,
130 interrupted. With --json the last line of stdout is one JSON object.`;

/** Runs one command; whatever goes wrong ends in one line and an exit code. */
export async function runCommandLine(cli: Cli, words: readonly string[]): Promise<void> {
  const program = buildProgram(cli);
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    const { code, line } = endingOf(error, commandPath(program, words));
    if (line !== null) cli.note(line);
    if (cli.environment.LOG_LEVEL === 'debug' && error instanceof Error) {
      cli.note(String(error.stack));
    }
    cli.setExitCode(code);
  }
}

function buildProgram(cli: Cli): Command {
  const { style } = cli.stdout;
  const program = new Command('quorate')
    .description('operations across regions and tenants, decided by signed quorums')
    .version(cli.version)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => style('bold', title) })
    .configureOutput({
      writeOut: (text) => cli.out(text.trimEnd()),
      // Usage errors become one line of our own; help that was not asked for goes to stderr.
      outputError: () => {},
      writeErr: (text) => cli.note(text.trimEnd()),
    });
  for (const [heading, adders] of groups) {
    program.commandsGroup(heading);
    for (const add of adders) add(program, cli);
  }
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('what a command takes and does')
      .helpGroup('Set up:'),
  );
  addExamples(program, 'quorate', cli);
  return program.addHelpText('after', `\n${endings}`);
}

function addExamples(command: Command, path: string, cli: Cli): void {
  const shown = examples[path] ?? [];
  if (shown.length > 0) {
    const width = Math.max(...shown.map(([line]) => line.length));
    const lines = shown.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd());
    const title = cli.stdout.style('bold', 'Examples:');
    command.addHelpText('after', ['', title, ...lines].join('\n'));
  }
  for (const child of command.commands) addExamples(child, `${path} ${child.name()}`, cli);
}

/** The path of the command that a command line means, for hints: `quorate keys new`. */
function commandPath(program: Command, words: readonly string[]): string {
  let command = program;
  const path = [program.name()];
  for (const word of words) {
    const next = command.commands.find((child) => child.name() === word);
    if (!next) break;
    path.push(word);
    command = next;
  }
  return path.join(' ');
}
