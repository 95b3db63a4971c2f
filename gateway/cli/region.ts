/**
 * `quorate region`: one region of a federation with its own gateway, until it is told to stop.
 *
 * Progress goes to stderr, one line each, for a service manager's log. Stopping is in order:
 * readiness goes, requests end, what is under way is finished and flushed, and then it closes;
 * after a bound it ends anyway, and the next start asks the others before it votes.
 */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { createLog, systemClock } from '#fabric/open.ts';
import { required } from '#protocols/assert.ts';
import type { Config } from '#regions/config.ts';
import type { RegionNode } from '#regions/node.ts';
import type { RegionProcess } from '#regions/region-process.ts';
import { openIssuer } from '../issuer.ts';
import { type Gateway, openGateway } from '../server.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';
import { forgetEndpoint, keepEndpoint } from './endpoint.ts';
import { exit } from './exit.ts';
import { makeLogin } from './login.ts';

interface Options extends CommonOptions {
  readonly port?: string;
  readonly host?: string;
  readonly logLevel?: string;
}

interface Running {
  readonly running: RegionProcess;
  readonly region: RegionNode;
  readonly gateway: Gateway;
}

/** Service managers kill after this or later. */
const stopMsMax = 30_000;

export function addRegion(program: Command, cli: Cli): void {
  const levels = ['debug', 'info', 'warn', 'error', 'silent'];
  const command = program
    .command('region')
    .description('one region of a federation, with its own gateway')
    .option('--port <n>', 'the port of the gateway (default 8080; 0 takes a free one)')
    .option('--host <host>', 'where the gateway listens (default 127.0.0.1)')
    .addOption(new Option('--log-level <level>', 'how much to log').choices(levels));
  withCommonOptions(command).action((options: Options) => runRegion(cli, options));
}

async function runRegion(cli: Cli, options: Options): Promise<void> {
  const { port, host, logLevel } = options;
  const config = loadConfig(cli, options, { port, host, logLevel });
  const stopped = Promise.withResolvers<string>();
  const unsubscribe = cli.onSignal((signal) => stopped.resolve(signal));
  try {
    const started = await start(cli, config);
    const signal = await stopped.promise;
    cli.note(`${signal}: finishing what is under way`);
    await stop(cli, started);
    const { id } = started.region;
    cli.note(`${id} stopped in order`);
    if (options.json) {
      const { region } = started;
      printJson(cli, { region: id, ...region.counts(), auditHead: region.auditHead() });
    }
    if (signal === 'SIGINT') cli.setExitCode(exit.interrupted);
  } finally {
    unsubscribe();
  }
}

async function start(cli: Cli, config: Config): Promise<Running> {
  // Read only here: the other commands start in a fraction of the time without it.
  const { openRegion } = await import('#regions/region-process.ts');
  const log = createLog({ level: config.logLevel });
  const running = await openRegion(config, log);
  try {
    const region = required(running.regions[0], 'a process of a region has it');
    const issuer = await openIssuer(config.dataDir, true);
    const { version } = cli;
    const gateway = await openGateway({
      config,
      federation: running,
      region,
      issuer,
      log,
      version,
    });
    const { url } = gateway;
    const tenants = [...region.tenants()];
    keepEndpoint(config.dataDir, { url, tenants });
    const { loginTtlSeconds: ttlSeconds } = config.limits;
    const login = await makeLogin({ dataDir: config.dataDir, url, tenants, ttlSeconds });
    const { epoch, fingerprint } = running.trustRoot;
    const members = epoch.members.map(({ id }) => id).join(', ');
    cli.note(`${region.id} of ${region.federation} (${members}; epoch ${fingerprint})`);
    const file = resolve(config.dataDir, 'login');
    cli.note(`the gateway answers at ${url}; a login link for ${login.name} is in ${file}`);
    return { running, region, gateway };
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** Ends the process itself when that takes too long. */
async function stop(cli: Cli, { running, gateway }: Running): Promise<void> {
  const timer = systemClock.setTimeout(() => {
    cli.note(`not finished after ${stopMsMax / 1000} s; ending anyway`);
    process.exit(exit.failure);
  }, stopMsMax);
  await gateway.close();
  await forgetEndpoint(running.dataDir);
  await running.close();
  systemClock.clearTimeout(timer);
}
