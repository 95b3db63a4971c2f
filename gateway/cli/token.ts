/**
 * `quorate token`: a bearer token from the data folder's own issuer.
 */
import type { Command } from 'commander';
import { systemClock } from '#fabric/open.ts';
import { openIssuer } from '../issuer.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';
import { nameOf, rolesOf, secondsOf } from './values.ts';

interface Options extends CommonOptions {
  readonly tenant: string;
  readonly roles: string;
  readonly subject: string;
  readonly ttl: string;
}

export function addToken(program: Command, cli: Cli): void {
  const command = program
    .command('token')
    .description("a bearer token from the data folder's own issuer")
    .requiredOption('--tenant <tenant>', 'whose tenant')
    .option('--roles <roles>', 'viewer, operator, approver, org-admin, federation-admin', 'viewer')
    .option('--subject <name>', 'whose token', 'operator')
    .option('--ttl <seconds>', 'how long it lives', '3600');
  withCommonOptions(command).action(async (options: Options) => {
    const config = loadConfig(cli, options);
    const ttlSeconds = secondsOf('--ttl', options.ttl, config.limits.tokenTtlMaxSeconds);
    const tenant = nameOf('--tenant', options.tenant);
    const subject = nameOf('--subject', options.subject);
    const roles = rolesOf(options.roles);
    const issuer = await openIssuer(config.dataDir, true);
    const token = await issuer.mint({ tenant, subject, roles, ttlSeconds });
    if (!options.json) {
      cli.out(token);
      return;
    }
    const expiresAt = new Date(systemClock.now() + ttlSeconds * 1000).toISOString();
    printJson(cli, { token, tenant_id: tenant, subject, roles, expires_at: expiresAt });
  });
}
