/**
 * `quorate init-federation DIR` and `quorate fabric nats-config`: what a federation of processes
 * starts with.
 */
import { isAbsolute, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { QuorateError } from '#protocols/errors.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import { natsConfigs, readFederationFile } from '#regions/federation-file.ts';
import type { InitOptions } from '#regions/init-federation.ts';
import { type Cli, type CommonOptions, printJson } from './cli.ts';
import { nameOf, usage } from './values.ts';

interface Options extends CommonOptions {
  readonly name: string;
  readonly regions: string;
  readonly tenants: string;
  readonly services: string;
  readonly replay?: string;
  readonly fabric: 'nats' | 'libp2p';
  readonly faultModel: FaultModel;
  readonly hosts?: string;
  readonly loopback?: boolean;
  readonly firstPort: string;
  readonly natsServers?: string;
}

const natsServersUsual = 3;
/** Gateways, libp2p and three ports for each NATS server. */
const portsOfRegion = 5;

export function addInitFederation(program: Command, cli: Cli): void {
  program
    .command('init-federation')
    .description('keys, epoch, configurations and secrets of a new federation, in a new folder')
    .argument('<dir>', 'a folder that is new or empty')
    .option('--name <name>', 'the name of the federation', 'demo')
    .option('--regions <names>', 'its regions', 'eu-west,us-east,ap-south')
    .option('--tenants <names>', 'its tenants', 'acme,globex')
    .option('--services <names>', 'the services of each tenant', 'checkout,catalog')
    .option('--replay <dir>', 'tenants and services of recorded series, which all regions replay')
    .addOption(choice('--fabric <kind>', 'how regions reach each other', ['nats', 'libp2p']))
    .addOption(choice('--fault-model <model>', 'what members may do', ['crash', 'byzantine']))
    .option('--hosts <hosts>', 'a host for each region, in their order')
    .option('--loopback', 'all on this machine (the default)')
    .option('--first-port <n>', 'on one machine: the first of the ports', '8081')
    .option('--nats-servers <n>', 'how many NATS servers (default: one a region, at most 3)')
    .option('--json', 'one JSON object on the last line of stdout')
    .action((dir: string, options: Options) => init(cli, dir, options));
}

export function addFabric(program: Command, cli: Cli): void {
  program
    .command('fabric')
    .description('what the regions reach each other by')
    .command('nats-config')
    .description('the configuration of a NATS server, with the permissions of every region')
    .requiredOption('--federation <dir>', 'the folder of quorate init-federation')
    .option('--server <name>', 'which server (default: the first)')
    .option('--json', 'one JSON object on the last line of stdout')
    .action((options: { federation: string; server?: string; json?: boolean }) =>
      natsConfig(cli, options),
    );
}

function choice(flags: string, description: string, choices: readonly [string, ...string[]]) {
  return new Option(flags, description).choices(choices).default(choices[0]);
}

async function init(cli: Cli, dir: string, options: Options): Promise<void> {
  const { initFederation } = await import('#regions/init-federation.ts');
  const folder = resolve(cli.cwd, dir);
  const file = await initFederation(initOptionsOf(cli, folder, options));
  if (options.json) {
    printJson(cli, { folder, ...file });
    return;
  }
  const { federation, regions, servers } = file;
  const names = regions.map(({ id }) => id);
  cli.note(`${federation}: keys and configurations of ${names.join(', ')} are in ${dir}`);
  cli.note('Start:');
  const at = (path: string) => (isAbsolute(dir) ? join(dir, path) : join('.', dir, path));
  for (const { name } of servers) cli.out(`nats-server -c ${at(`nats/${name}.conf`)}`);
  for (const id of names) cli.out(`npx quorate region --config ${at(`${id}/config.yaml`)}`);
  const [first] = names;
  cli.note('Then:');
  const config = `--config ${at(`${first}/config.yaml`)}`;
  cli.note(`  npx quorate login ${config} --as alice --roles approver`);
  cli.note(`  npx quorate token ${config} --tenant <tenant> --roles operator`);
  const key = at('approvers/alice.pem');
  cli.note(`  npx quorate approve <id> ${config} --as alice --key ${key}`);
  cli.note('Each region needs its own folder only. Keep approvers/ where the approvers are.');
}

function initOptionsOf(cli: Cli, folder: string, options: Options): InitOptions {
  const { fabric, faultModel, replay, loopback } = options;
  const regions = namesOf('--regions', options.regions);
  if (faultModel === 'byzantine' && regions.length < 4) {
    throw usage('--fault-model', 'byzantine needs at least 4 regions');
  }
  if (loopback && options.hosts !== undefined) throw usage('--loopback', 'not with --hosts');
  const portMax = 65_536 - portsOfRegion * regions.length;
  const usual = String(Math.min(natsServersUsual, regions.length));
  return {
    folder,
    federation: nameOf('--name', options.name),
    faultModel,
    regions,
    tenants: namesOf('--tenants', options.tenants),
    services: namesOf('--services', options.services),
    replay: replay === undefined ? null : resolve(cli.cwd, replay),
    fabric,
    hosts: options.hosts === undefined ? null : hostsOf(options.hosts, regions),
    firstPort: numberOf('--first-port', options.firstPort, portMax),
    natsServers: numberOf('--nats-servers', options.natsServers ?? usual, regions.length),
  };
}

function namesOf(flag: string, text: string): readonly string[] {
  const names = text.split(',').map((name) => nameOf(flag, name.trim()));
  if (new Set(names).size !== names.length) throw usage(flag, 'expected different names');
  return names;
}

function hostsOf(text: string, regions: readonly string[]): ReadonlyMap<string, string> {
  const hosts = text.split(',').map((host) => host.trim());
  const bad = hosts.find((host) => !/^[A-Za-z0-9.:-]{1,255}$/.test(host));
  if (bad !== undefined || hosts.length !== regions.length) {
    throw usage('--hosts', `expected ${regions.length} names or addresses, one for each region`);
  }
  return new Map(regions.map((region, index) => [region, hosts[index] ?? '']));
}

function numberOf(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw usage(flag, `expected a number from 1 to ${max}`);
}

async function natsConfig(
  cli: Cli,
  options: { readonly federation: string; readonly server?: string; readonly json?: boolean },
): Promise<void> {
  const folder = resolve(cli.cwd, options.federation);
  const file = await readFederationFile(folder);
  if (file.fabric !== 'nats') {
    throw new QuorateError('config', 'this federation has no NATS servers', {
      field: '--federation',
    });
  }
  const configs = await natsConfigs(folder, file);
  const name = options.server ?? file.servers[0]?.name ?? '';
  const text = configs.get(name);
  if (text === undefined) throw usage('--server', `expected ${[...configs.keys()].join(' or ')}`);
  if (options.json) printJson(cli, { server: name, text });
  else cli.out(text.trimEnd());
}
