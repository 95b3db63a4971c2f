/**
 * `quorate stop`: at once, needing no quorum and no approval.
 */
import type { Command } from 'commander';
import { QuorateError } from '#protocols/errors.ts';
import { type Cli, printJson } from './cli.ts';
import { openSession, type SessionOptions, withSessionOptions } from './session.ts';

interface Options extends SessionOptions {
  readonly action: string;
  readonly reason: string;
  readonly as: string;
}

interface Stopped {
  readonly action: string;
  readonly tenant_id: string;
  readonly target: string | null;
  readonly generation: number;
}

const actions = ['pause', 'abort', 'emergency-stop'];

export function addStop(program: Command, cli: Cli): void {
  const command = program
    .command('stop')
    .description('stop one target, or everything of a tenant, at once')
    .argument('[target]', 'tenant/service; everything of every tenant asked for when left out')
    .option('--action <action>', actions.join(', '), 'pause')
    .option('--reason <text>', 'why', 'stopped by hand')
    .option('--as <name>', 'who stops it', 'operator');
  withSessionOptions(command).action(async (target: string | undefined, options: Options) => {
    if (!actions.includes(options.action)) {
      throw new QuorateError('invalid-input', `--action is ${actions.join(' or ')}`, {
        field: '--action',
      });
    }
    const tenant = options.tenant ?? target?.split('/')[0];
    const session = await openSession(
      cli,
      { ...options, ...(tenant !== undefined && { tenant }) },
      { subject: options.as, roles: ['operator'] },
    );
    const { action, reason } = options;
    const stops = await Promise.all(
      session.clients.map(
        (client) =>
          client.post('/stop', { action, reason, ...(target && { target }) }) as Promise<Stopped>,
      ),
    );
    if (options.json) printJson(cli, { stops });
    else for (const stop of stops) cli.out(sentenceOf(stop));
  });
}

function sentenceOf({ action, tenant_id: tenant, target, generation }: Stopped): string {
  const what = target ?? `everything of ${tenant}`;
  const how = { pause: 'paused', abort: 'aborted' }[action] ?? 'stopped at once';
  return `${what} is ${how} (generation ${generation})`;
}
