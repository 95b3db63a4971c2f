/**
 * `quorate federation`: the epoch in force, its members, and how each of them is.
 */
import type { Command } from 'commander';
import { type Cli, printJson } from './cli.ts';
import { openSession, type SessionOptions, withSessionOptions } from './session.ts';

interface Answer {
  readonly federation: string;
  readonly epoch: number;
  readonly fault_model: string;
  readonly quorum: number;
  readonly members: readonly {
    readonly id: string;
    readonly state: string;
    readonly reason: string;
    readonly lag: number | null;
    readonly last_seen: string | null;
  }[];
}

export function addFederation(program: Command, cli: Cli): void {
  const command = program
    .command('federation')
    .description('the regions that decide together, and how each of them is');
  withSessionOptions(command).action(async (options: SessionOptions) => {
    const session = await openSession(cli, options, { subject: 'operator', roles: ['viewer'] });
    const answer = (await session.clients[0]?.get('/federation')) as Answer;
    if (options.json) printJson(cli, answer);
    else for (const line of linesOf(answer, cli)) cli.out(line);
  });
}

function linesOf({ federation, epoch, fault_model: model, quorum, members }: Answer, cli: Cli) {
  const { style } = cli.stdout;
  return [
    `federation ${federation}, epoch ${epoch}: ${quorum} of ${members.length} regions decide ` +
      `(${model} faults)`,
    ...members.map(({ id, state, reason, lag, last_seen: seen }) => {
      const shown = style(state === 'ready' ? 'green' : 'red', state.padEnd(11));
      const behind = lag === null || lag === 0 ? '' : `, ${lag} certificates behind`;
      const why = reason === '' ? '' : `: ${reason}`;
      return `  ${id.padEnd(12)} ${shown} ${seen ?? 'never heard of'}${behind}${why}`;
    }),
  ];
}
