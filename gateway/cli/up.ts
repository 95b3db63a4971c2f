/**
 * `quorate up`: the federation in one process, its gateway, and the story of what happens.
 *
 * With --json only the final object goes to stdout; otherwise the story does, as sentences for a
 * person and as JSON lines for a program.
 */
import { existsSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { createLog } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';
import type { Federation, UpSummary } from '#regions/federation-types.ts';
import type { RegionEvent } from '#regions/node.ts';
import { openAuthenticator, openIssuer } from '../auth.ts';
import { type Gateway, openGateway } from '../server.ts';
import { gateWire } from '../views.ts';
import {
  type Cli,
  type CommonOptions,
  endpointPath,
  loadConfig,
  printJson,
  withCommonOptions,
} from './cli.ts';
import { exit } from './exit.ts';
import type { Endpoint } from './session.ts';
import { createStory, type Story } from './story.ts';
import { approverNames } from './verdicts.ts';
import { describeAction, describeGate } from './words.ts';

interface Options extends CommonOptions {
  readonly once?: boolean;
  readonly fresh?: boolean;
  readonly data?: string;
  readonly speed?: string;
  readonly port?: string;
  readonly host?: string;
  readonly logLevel?: string;
}

interface Running {
  readonly federation: Federation;
  readonly gateway: Gateway;
}

export function addUp(program: Command, cli: Cli): void {
  const command = program
    .command('up')
    .description('three regions and two tenants on recorded telemetry, in one process')
    .option('--once', 'end after the replay with a summary')
    .option('--fresh', 'begin with a new data folder')
    .option('--data <dir>', 'a folder of series to replay instead of the shipped recording')
    .option('--speed <x>', 'event-time seconds a second, 0: unpaced (default: 20 s in all)')
    .option('--port <n>', 'the port of the gateway (default 8080; 0 takes a free one)')
    .option('--host <host>', 'where the gateway listens (default 127.0.0.1)')
    .option('--log-level <level>', 'debug, info, warn, error or silent');
  withCommonOptions(command).action((options: Options) => up(cli, options));
}

async function up(cli: Cli, options: Options): Promise<void> {
  const { port, host, logLevel } = options;
  const config = loadConfig(cli, options, { port, host, logLevel });
  const stopped = Promise.withResolvers<string>();
  const unsubscribe = cli.onSignal((signal) => stopped.resolve(signal));
  const story = createStory(cli, { json: options.json ?? false });
  const running = await start(
    { config, version: cli.version },
    optionsOf(cli, options),
    story.hear,
  );
  story.begin(running.federation.regions);
  try {
    story.say(`the gateway answers at ${running.gateway.url}`, { url: running.gateway.url });
    const settled = running.federation.settled().then(() => null);
    const signal =
      (await Promise.race([settled, stopped.promise])) ??
      (await afterReplay({ cli, options, running, story, stopped: stopped.promise }));
    await finish({ cli, options, running, story, signal });
  } finally {
    unsubscribe();
  }
}

function optionsOf(cli: Cli, options: Options) {
  const speed = options.speed === undefined ? null : Number(options.speed);
  if (speed !== null && (!Number.isFinite(speed) || speed < 0)) {
    throw new QuorateError('config', `--speed: expected a number of at least 0`, {
      field: '--speed',
    });
  }
  const datasetDir = options.data === undefined ? null : resolve(cli.cwd, options.data);
  if (datasetDir !== null && !(existsSync(datasetDir) && statSync(datasetDir).isDirectory())) {
    throw new QuorateError('config', `--data: there is no folder ${options.data}`, {
      field: '--data',
    });
  }
  return { fresh: options.fresh ?? false, datasetDir, speed };
}

async function start(
  { config, version }: { readonly config: Config; readonly version: string },
  options: ReturnType<typeof optionsOf>,
  onNarration: (event: RegionEvent) => void,
): Promise<Running> {
  // Read only here: the other commands start in a fraction of the time without it.
  const { openFederation } = await import('#regions/federation.ts');
  const log = createLog({ level: config.logLevel });
  const federation = await openFederation({ config, ...options, log, onNarration });
  try {
    const [region] = federation.regions;
    if (!region) throw new QuorateError('config', 'no region is configured', { field: 'regions' });
    const issuer = await openIssuer(config.dataDir, true);
    const gateway = await openGateway(
      { config, federation, region, log, version },
      openAuthenticator(issuer.jwks),
    );
    const endpoint: Endpoint = { url: gateway.url, tenants: [...region.tenants()] };
    await writeFile(endpointPath(config.dataDir), JSON.stringify(endpoint), { mode: 0o600 });
    return { federation, gateway };
  } catch (error) {
    await federation.close();
    throw error;
  }
}

interface Ending {
  readonly cli: Cli;
  readonly options: Options;
  readonly running: Running;
  readonly story: Story;
}

/** The recording has ended: with --once that is all, else people are waited for. */
async function afterReplay(
  ending: Ending & { readonly stopped: Promise<string> },
): Promise<string | null> {
  const { options, story, stopped } = ending;
  await story.told();
  story.say('the recording has ended');
  await tellWhatWaits(ending);
  if (options.once) return null;
  story.say('staying up; Ctrl-C ends this in order');
  return stopped;
}

async function tellWhatWaits({ cli, running, story }: Ending): Promise<void> {
  const { federation } = running;
  const [region] = federation.regions;
  const folder = folderFlag(cli, federation.dataDir);
  for (const tenant of region?.tenants() ?? []) {
    for (const view of (await region?.pending(tenant)) ?? []) {
      const action = view.manifest ? describeAction(view.manifest.action) : 'nothing';
      const needs = view.missing ? describeGate(gateWire(view.missing)) : 'nobody';
      const names = approverNames(federation.dataDir);
      const id = view.proposalId.slice(0, 12);
      const command = `npx quorate approve ${id} --as ${names[0] ?? '<name>'}${folder}`;
      story.say(
        `${action} at ${view.target} waits for ${needs} until ${view.expiresAt}: ` +
          `${view.manifest?.rationale}\n  ${command}   (keys here: ${names.join(', ')})`,
        { proposalId: view.proposalId, target: view.target, needs, command },
      );
    }
  }
}

/** What a command must say to find a data folder that is not the usual one. */
function folderFlag(cli: Cli, dataDir: string): string {
  return dataDir === resolve(cli.cwd, 'var') ? '' : ` --data-dir ${relative(cli.cwd, dataDir)}`;
}

async function finish(ending: Ending & { readonly signal: string | null }): Promise<void> {
  const { cli, options, running, story, signal } = ending;
  const { federation, gateway } = running;
  if (signal !== null) story.say(`${signal}: finishing what is under way`, { signal });
  await gateway.close();
  await rm(endpointPath(federation.dataDir), { force: true });
  const summary = federation.summary();
  await story.told();
  await federation.close();
  const where = relative(cli.cwd, federation.dataDir) || '.';
  if (signal === null) {
    for (const line of sentencesOf(summary, folderFlag(cli, federation.dataDir))) story.say(line);
  } else {
    const kept = `${summary.certificates} certified decisions, ${summary.pendingApprovals} waiting`;
    story.say(`kept in ${where}: ${kept}; quorate up goes on from there`, { kept: where });
  }
  if (options.json) printJson(cli, summary);
  if (signal === 'SIGINT') cli.setExitCode(exit.interrupted);
}

function sentencesOf(summary: UpSummary, folder: string): string[] {
  return [
    `${summary.regions} regions, ${summary.tenants} tenants: ${summary.signals} signals, ` +
      `${summary.candidates} candidates, ${summary.counterProposals} counter-proposals`,
    `${summary.certificates} certified, ${summary.aborted} ended in doing nothing; ` +
      `${summary.enacted} enacted, ${summary.rolledBack} rolled back, ` +
      `${summary.pendingApprovals} waiting for people`,
    ...(summary.receipts[0]
      ? [`check one: npx quorate verify ${summary.receipts[0]}${folder}`]
      : []),
  ];
}
