/**
 * `quorate token`: a bearer token from the data folder's own issuer.
 */

import type { Command } from 'commander';
import { Value } from 'typebox/value';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';
import { openIssuer } from '../auth.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';

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
    const ttlSeconds = Number(options.ttl);
    const { tokenTtlMaxSeconds } = config.limits;
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > tokenTtlMaxSeconds) {
      throw usage('--ttl', `expected seconds from 1 to ${tokenTtlMaxSeconds}`);
    }
    for (const name of ['tenant', 'subject'] as const) {
      if (!Value.Check(Name, options[name])) {
        throw usage(`--${name}`, 'expected lower-case letters, digits and hyphens');
      }
    }
    const { tenant, subject } = options;
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

function rolesOf(text: string): Role[] {
  return text.split(',').map((name) => {
    const role = name.trim();
    if (!Value.Check(Role, role)) throw usage('--roles', `${role} is not a role`);
    return role;
  });
}

function usage(field: string, message: string): QuorateError {
  return new QuorateError('config', `${field}: ${message}`, { field });
}
