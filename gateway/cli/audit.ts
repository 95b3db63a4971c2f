/**
 * `quorate audit verify`: recomputes the audit logs.
 *
 * A running gateway is asked, since it holds the stores; a stopped data folder is read here.
 */
import type { Command } from 'commander';
import { type AuditReport, isHeld, verifyAuditLogs } from '#regions/offline.ts';
import { type Cli, loadConfig, printJson } from './cli.ts';
import { exit } from './exit.ts';
import { openSession, type SessionOptions, withSessionOptions } from './session.ts';

export function addAudit(program: Command, cli: Cli): void {
  const audit = program.command('audit').description('the audit logs');
  const verify = audit
    .command('verify')
    .description('recompute every entry and the tree over them');
  withSessionOptions(verify).action(async (options: SessionOptions) => {
    const logs = await reportsOf(cli, options);
    const ok = logs.length > 0 && logs.every((log) => log.ok);
    if (options.json) printJson(cli, { ok, logs });
    else {
      for (const { region, ok: holds, size, root, reason } of logs) {
        cli.out(holds ? `${region}: ${size} entries hold, root ${root}` : `${region}: ${reason}`);
      }
      if (logs.length === 0) cli.note('there is no audit log here');
    }
    if (!ok) cli.setExitCode(exit.notVerified);
  });
}

async function reportsOf(cli: Cli, options: SessionOptions): Promise<readonly AuditReport[]> {
  const { dataDir } = loadConfig(cli, options);
  const isRemote = options.url !== undefined || cli.environment.QUORATE_URL !== undefined;
  if (!isRemote && !(await isHeld(dataDir))) return verifyAuditLogs(dataDir);
  const session = await openSession(cli, options, { subject: 'operator', roles: ['operator'] });
  const answer = await session.clients[0]?.get('/audit/verify');
  return answer ? [answer as AuditReport] : [];
}
