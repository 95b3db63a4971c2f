/**
 * `quorate login`: a link that lets one person into the console of the running gateway, once.
 */
import { type Command, Option } from 'commander';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { freshLoginLink, keepLoginLink } from '../login-link.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';
import { readEndpoint } from './endpoint.ts';
import { peopleOf, rolesFor } from './people.ts';
import { probe } from './session.ts';
import { nameOf, rolesOf, secondsOf } from './values.ts';

export interface Login {
  readonly link: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly tenants: readonly string[];
}

interface LoginRequest {
  readonly dataDir: string;
  readonly url: string;
  readonly tenants: readonly string[];
  readonly ttlSeconds: number;
  /** The first approver of the data folder when left out. */
  readonly name?: string;
  /** Those that the roster gives this name for all of the tenants, or to look only. */
  readonly roles?: readonly Role[];
}

/** Makes a link and keeps it in the data folder. */
export async function makeLogin(request: LoginRequest): Promise<Login> {
  const { dataDir, url, tenants, ttlSeconds } = request;
  const expiresAt = systemClock.now() + ttlSeconds * 1000;
  const people = peopleOf(dataDir);
  const name = request.name ?? people[0]?.name ?? 'operator';
  const person = people.find((one) => one.name === name);
  const known = person ? rolesFor(person, tenants) : [];
  const roles = request.roles ?? (known.length > 0 ? known : ['viewer']);
  const link = await freshLoginLink({ dataDir, url }, { subject: name, roles, tenants, expiresAt });
  await keepLoginLink(dataDir, link);
  return { link, name, roles, tenants };
}

interface Options extends CommonOptions {
  readonly as?: string;
  readonly roles?: string;
  readonly tenant: readonly string[];
  readonly ttl?: string;
}

export function addLogin(program: Command, cli: Cli): void {
  const tenant = new Option('--tenant <tenant...>', 'only these tenants');
  const command = program
    .command('login')
    .description('a link that logs one person into the console, once')
    .option('--as <name>', 'who logs in (default: the first approver of the data folder)')
    .option('--roles <roles>', 'as which roles (default: those of the roster, or viewer)')
    .addOption(tenant.default([], 'all'))
    .option('--ttl <seconds>', 'how long the link lives (default 600)');
  withCommonOptions(command).action((options: Options) => login(cli, options));
}

async function login(cli: Cli, options: Options): Promise<void> {
  const { dataDir, limits } = loadConfig(cli, options);
  const ttlSeconds =
    options.ttl === undefined
      ? limits.loginTtlSeconds
      : secondsOf('--ttl', options.ttl, limits.tokenTtlMaxSeconds);
  const name = options.as === undefined ? undefined : nameOf('--as', options.as);
  const roles = options.roles === undefined ? undefined : rolesOf(options.roles);
  const endpoint = readEndpoint(dataDir);
  if (!endpoint) {
    throw new QuorateError('unavailable', 'no gateway runs on this data folder', {
      field: dataDir,
    });
  }
  const unknown = options.tenant.find((one) => !endpoint.tenants.includes(one));
  if (unknown !== undefined) {
    throw new QuorateError('config', `--tenant: expected ${endpoint.tenants.join(' or ')}`, {
      field: '--tenant',
    });
  }
  await probe(endpoint.url);
  const made = await makeLogin({
    dataDir,
    url: endpoint.url,
    tenants: options.tenant.length > 0 ? options.tenant : endpoint.tenants,
    ttlSeconds,
    ...(name !== undefined && { name }),
    ...(roles !== undefined && { roles }),
  });
  const expiresAt = new Date(systemClock.now() + ttlSeconds * 1000).toISOString();
  if (options.json) {
    const { link, name: subject, ...rest } = made;
    printJson(cli, { link, subject, ...rest, expires_at: expiresAt });
    return;
  }
  cli.note(`logs ${made.name} in (${made.roles.join(', ')}), once, until ${expiresAt}`);
  cli.out(made.link);
}
