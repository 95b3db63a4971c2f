/**
 * `quorate completion SHELL`: the script that makes the shell complete our commands, options and
 * values; wrapped around @bomb.sh/tab in this one file.
 *
 * The script asks back with the hidden `quorate complete -- WORDS`. Decisions come from the
 * running gateway; when it does not answer at once there are none, since nobody waits for a
 * completion.
 */
import { resolve } from 'node:path';
import type { RootCommand } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Static } from 'typebox';
import { required } from '#protocols/assert.ts';
import type { PendingWire } from '../views/pending.ts';
import type { ProposalWire } from '../views/proposal.ts';
import { describeAction } from '../words.ts';
import { type Cli, type CommonOptions, loadConfig, printJson } from './cli.ts';
import { readEndpoint } from './endpoint.ts';
import { peopleOf } from './people.ts';
import { openSession } from './session.ts';

type Suggestion = readonly [value: string, description: string];

/** A person notices more than this. */
const patienceMs = 1000;
const decisionsMax = 20;
const shortIdLength = 12;

/** Where a name of a file comes next, the shell completes by itself. */
const fileOptions = ['--key', '--data', '--data-dir', '--config', '--trust-root'];
const fileCommands = ['verify', 'keys'];

/** Comes last: it completes the commands that are there by then. */
export function addCompletion(program: Command, cli: Cli): void {
  const root = tab(program, { completionCommandName: 'completion' });
  commandOf(program, 'completion')
    .description('a script with which your shell completes quorate commands')
    .option('--json', 'one JSON object on the last line of stdout')
    .action((shell: string, options: CommonOptions) => {
      const script = scriptFor(root, shell);
      if (options.json) printJson(cli, { shell, script });
      else cli.out(script.trimEnd());
    });
  commandOf(program, 'complete').action(async (words: string[]) => {
    await addSuggestions(root, cli, words);
    cli.out(answerOf(root, words));
  });
}

function commandOf(program: Command, name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
  return required(found, 'the library has added its commands');
}

/** The program that answers is this one, wherever the shell finds `quorate`. */
function scriptFor(root: RootCommand, shell: string): string {
  const launcher = resolve(import.meta.dirname, '..', 'quorate.js');
  const program = [process.execPath, launcher].map((path) => `'${path}'`).join(' ');
  const script = printedBy(() => root.setup('quorate', program, shell));
  return shell === 'bash' ? forPlainBash(script) : script;
}

/**
 * The library's script expects the bash-completion package, may be read only once a shell, and
 * never completes files.
 */
function forPlainBash(script: string): string {
  const withoutPackage = [
    'if ! declare -F _get_comp_words_by_ref >/dev/null; then',
    '  _get_comp_words_by_ref() {',
    `    cur="\${COMP_WORDS[COMP_CWORD]}"`,
    `    prev="\${COMP_WORDS[COMP_CWORD-1]}"`,
    `    words=("\${COMP_WORDS[@]}")`,
    '    cword=$COMP_CWORD',
    '  }',
    'fi',
  ];
  const again = script
    .replaceAll(/^readonly /gm, '')
    .replace('\ncomplete -F ', '\ncomplete -o default -F ');
  return `${withoutPackage.join('\n')}\n\n${again}`;
}

/** The library writes to stdout by itself; we want what it writes. */
function printedBy(print: () => void): string {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  const parts: string[] = [];
  stdout.write = (chunk: string | Uint8Array) => {
    parts.push(String(chunk));
    return true;
  };
  try {
    print();
  } finally {
    stdout.write = write;
  }
  return parts.join('');
}

/** Suggestions a line, and last what the shell may do besides: `:4` says no files, `:0` files. */
function answerOf(root: RootCommand, words: readonly string[]): string {
  const lines = printedBy(() => root.parse([...words])).trimEnd();
  const previous = words.at(-2) ?? '';
  const isFile =
    fileOptions.includes(previous) ||
    (fileCommands.includes(words[0] ?? '') && words.length > 1 && !previous.startsWith('-'));
  return isFile && lines.startsWith(':') ? ':0' : lines;
}

/** Gives the options and arguments that depend on what runs their values. */
async function addSuggestions(
  root: RootCommand,
  cli: Cli,
  words: readonly string[],
): Promise<void> {
  const flag = words.indexOf('--data-dir');
  const folder = flag >= 0 ? words[flag + 1] : undefined;
  const options: CommonOptions = folder === undefined ? {} : { dataDir: folder };
  const { dataDir } = loadConfig(cli, options);
  const tenants = (readEndpoint(dataDir)?.tenants ?? []).map((name): Suggestion => [name, '']);
  const people = peopleOf(dataDir).map(({ name, roles }): Suggestion => {
    return [name, [...new Set([...roles.values()].flat())].join(', ')];
  });
  for (const command of root.commands.values()) {
    give(command.options.get('tenant'), tenants);
    give(command.options.get('as'), people);
  }
  const name = words[0] ?? '';
  const command = root.commands.get(name);
  if (words.length > 1 && ['approve', 'deny', 'decisions'].includes(name)) {
    give(command?.arguments.get('id'), await decisionsFor(name, cli, options).catch(() => []));
  }
}

interface Taking {
  handler?: (complete: (value: string, description: string) => void) => void;
}

function give(taker: object | undefined, suggestions: readonly Suggestion[]): void {
  if (!taker) return;
  (taker as Taking).handler = (complete) => {
    for (const suggestion of suggestions) complete(...suggestion);
  };
}

async function decisionsFor(
  command: string,
  cli: Cli,
  options: CommonOptions,
): Promise<readonly Suggestion[]> {
  const as = { subject: 'operator', roles: ['viewer'], timeoutMs: patienceMs } as const;
  const { clients } = await openSession(cli, options, as);
  const found = clients.map(async (client): Promise<readonly Suggestion[]> => {
    if (command === 'decisions') {
      const page = await client.get(`/proposals?limit=${decisionsMax}`);
      return (page as { items: ProposalWire[] }).items.map(suggestionOf);
    }
    const page = await client.get(`/pending/${client.tenant}`);
    const { items } = page as { items: Static<typeof PendingWire>[] };
    return items.map(({ proposal_id: id, rationale }) => [id.slice(0, shortIdLength), rationale]);
  });
  return (await Promise.all(found)).flat();
}

function suggestionOf({ proposal_id: id, target, manifest, status }: ProposalWire): Suggestion {
  const what = manifest ? describeAction(manifest.action) : 'do nothing';
  return [id.slice(0, shortIdLength), `${what} at ${target}, ${status}`];
}
