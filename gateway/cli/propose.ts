/**
 * `quorate propose TARGET ACTION [NAME=VALUE…]`: puts an action forward; the regions decide.
 */
import { Argument, type Command } from 'commander';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { Action } from '#protocols/messages/manifest.ts';
import type { ProposalStatus } from '#regions/node.ts';
import type { ProposalWire } from '../views/proposal.ts';
import { describeGate } from '../words.ts';
import { type Cli, printJson } from './cli.ts';
import { exit } from './exit.ts';
import { type Client, openSession, type SessionOptions, withSessionOptions } from './session.ts';
import { nameOf, usage } from './values.ts';

interface Options extends SessionOptions {
  readonly as: string;
  readonly reason?: string;
  readonly wait?: boolean;
}

interface Submitted {
  readonly proposal_id: string;
  readonly digest: string | null;
  readonly status: string;
}

const kinds = Action.anyOf.map((branch) => branch.properties.kind.const);
const lookMs = 200;
/** Ten minutes: ballots and enactments take seconds; whoever waits longer looks again. */
const looksMax = 3000;

/** While a proposal is in one of these the regions are still busy with it. */
const busy: ReadonlySet<string> = new Set<ProposalStatus>([
  'negotiating',
  'certified',
  'released',
  'enacting',
]);
const wellEnded: ReadonlySet<string> = new Set<ProposalStatus>(['pending-approval', 'enacted']);

export function addPropose(program: Command, cli: Cli): void {
  const command = program
    .command('propose')
    .description('put an action forward; the regions judge and decide it')
    .argument('<target>', 'tenant/service')
    .addArgument(new Argument('<action>', 'what to do').choices(kinds))
    .argument('[params...]', 'what the action needs, such as replicas=5')
    .option('--as <name>', 'who asks for it', 'operator')
    .option('--reason <text>', 'why')
    .option('--wait', 'follow the votes until it is done, waits for a person, or is over');
  withSessionOptions(command).action(
    (target: string, action: string, params: string[], options: Options) =>
      propose(cli, { target, action, params: paramsOf(params) }, options),
  );
}

/** `replicas=5` is a number, `toRegion=us-east` a text. */
function paramsOf(params: readonly string[]): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    params.map((param) => {
      const [, name, value] = /^(\w+)=(.+)$/.exec(param) ?? [];
      if (!name || value === undefined) throw usage(param, 'expected name=value');
      return [name, /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value];
    }),
  );
}

async function propose(
  cli: Cli,
  manifest: { readonly target: string; readonly action: string; readonly params: object },
  options: Options,
): Promise<void> {
  const tenant = options.tenant ?? manifest.target.split('/')[0] ?? '';
  const as = nameOf('--as', options.as);
  const session = await openSession(
    cli,
    { ...options, tenant },
    { subject: as, roles: ['operator'] },
  );
  const [client] = session.clients;
  if (!client) throw new QuorateError('not-found', `there is no tenant ${tenant}`);
  const rationale = options.reason === undefined ? {} : { rationale: options.reason };
  const made = (await client.post('/proposals', {
    manifest: { ...manifest, ...rationale },
  })) as Submitted;
  if (!options.wait) {
    if (options.json) printJson(cli, made);
    else cli.out(made.proposal_id);
    return;
  }
  cli.note(`proposal ${made.proposal_id}`);
  const ended = await follow(cli, client, made.proposal_id);
  if (options.json) printJson(cli, ended);
  else cli.out(sentenceOf(ended));
  if (!wellEnded.has(ended.status)) cli.setExitCode(exit.failure);
}

/** Tells each verdict once, until the proposal asks for a person or is over. */
async function follow(cli: Cli, client: Client, id: string): Promise<ProposalWire> {
  const told = new Set<string>();
  for (let look = 1; ; look += 1) {
    const proposal = (await client.get(`/proposals/${id}`)) as ProposalWire;
    for (const { region, round, verdict, reason } of proposal.votes) {
      const key = `${region} ${round}`;
      if (!verdict || told.has(key)) continue;
      told.add(key);
      cli.note(`${region} ${verdict}s: ${reason}`);
    }
    if (!busy.has(proposal.status) || look >= looksMax) return proposal;
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, lookMs));
  }
}

function sentenceOf({ proposal_id: id, target, status, gate }: ProposalWire): string {
  const short = id.slice(0, 12);
  if (status !== 'pending-approval') return `${target}: ${status} (${short})`;
  const needs = gate ? describeGate(gate) : 'a person';
  return `${target}: waits for ${needs}; npx quorate approve ${short}`;
}
