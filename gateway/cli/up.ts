/**
 * `quorate up`: the federation in one process, its gateway, and the story of what happens.
 *
 * With --json only the final object goes to stdout; otherwise the story does, as chapters for a
 * person and as JSON lines for a program.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { createLog } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { quorumOf } from '#protocols/quorum.ts';
import type { Config } from '#regions/config.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { RegionEvent } from '#regions/node.ts';
import { openIssuer } from '../issuer.ts';
import { type Gateway, openGateway } from '../server.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';
import { countSentences, endedLines, keptLines, keptText, type Waiting } from './closing.ts';
import { forgetEndpoint, keepEndpoint } from './endpoint.ts';
import { exit } from './exit.ts';
import { type Login, makeLogin } from './login.ts';
import { openingLines, type Resumed, resumedText } from './opening.ts';
import { decidableOf, folderFlag, folderName, type Place } from './people.ts';
import type { Screen } from './screen.ts';
import { createStory, type Story } from './story.ts';

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
  readonly login: Login;
  readonly loginMinutes: number;
  /** Null when the folder is new. */
  readonly resumed: Resumed | null;
}

/** One run: where it runs, what it tells and to whom. */
interface Run {
  readonly cli: Cli;
  readonly options: Options;
  readonly place: Place;
  readonly screen: Screen;
  readonly story: Story;
}

export function addUp(program: Command, cli: Cli): void {
  const levels = ['debug', 'info', 'warn', 'error', 'silent'];
  const command = program
    .command('up')
    .description('the demo: three regions on recorded telemetry, in one process')
    .option('--once', 'end after the replay with a summary')
    .option('--fresh', 'begin with a new data folder')
    .option('--data <dir>', 'a folder of series to replay instead of the shipped recording')
    .option('--speed <x>', 'event-time seconds a second, 0: unpaced (default: 20 s in all)')
    .option('--port <n>', 'the port of the gateway (default 8080; 0 takes a free one)')
    .option('--host <host>', 'where the gateway listens (default 127.0.0.1)')
    .addOption(new Option('--log-level <level>', 'how much to log').choices(levels));
  withCommonOptions(command).action((options: Options) => up(cli, options));
}

async function up(cli: Cli, options: Options): Promise<void> {
  const { port, host, logLevel } = options;
  const config = loadConfig(cli, options, { port, host, logLevel });
  if (config.fabric.kind !== 'memory') {
    throw new QuorateError('config', 'fabric.kind: quorate up runs all regions here; see region', {
      field: 'fabric.kind',
    });
  }
  const place = { cwd: cli.cwd, dataDir: config.dataDir };
  const screen = options.json ? cli.stderr : cli.stdout;
  const story = createStory(screen, (view) => decidableOf(view, place));
  const run: Run = { cli, options, place, screen, story };
  const stopped = Promise.withResolvers<string>();
  const unsubscribe = cli.onSignal((signal) => stopped.resolve(signal));
  const running = await start({ config, place, cli }, optionsOf(cli, options), story.hear);
  try {
    open(run, running);
    story.begin(running.federation.regions);
    const settled = running.federation.settled().then(() => null);
    let signal = await Promise.race([settled, stopped.promise]);
    if (signal === null) {
      await tellEnd(run, running);
      if (!options.once) signal = await stopped.promise;
    }
    await finish(run, running, signal);
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

interface StartOptions {
  readonly config: Config;
  readonly place: Place;
  readonly cli: Cli;
}

async function start(
  { config, place, cli }: StartOptions,
  options: ReturnType<typeof optionsOf>,
  onNarration: (event: RegionEvent) => void,
): Promise<Running> {
  // Read only here: the other commands start in a fraction of the time without it.
  const { openFederation } = await import('#regions/federation.ts');
  const log = createLog({ level: config.logLevel });
  const isNew = options.fresh || !existsSync(resolve(config.dataDir, 'genesis.json'));
  const federation = await openFederation({ config, ...options, log, onNarration });
  try {
    const resumed = isNew ? null : await resumedOf(federation, place);
    const [region] = federation.regions;
    if (!region) throw new QuorateError('config', 'no region is configured', { field: 'regions' });
    const issuer = await openIssuer(config.dataDir, true);
    const gateway = await openGateway({
      config,
      federation,
      region,
      issuer,
      log,
      version: cli.version,
    });
    const login = await letIn(config, gateway.url, region.tenants()).catch(async (error) => {
      await gateway.close();
      throw error;
    });
    const loginMinutes = Math.floor(config.limits.loginTtlSeconds / 60);
    return { federation, gateway, login, loginMinutes, resumed };
  } catch (error) {
    await federation.close();
    throw error;
  }
}

/** Leaves word in the data folder where the gateway is, and a link that logs somebody in. */
async function letIn(
  { dataDir, limits }: Config,
  url: string,
  all: readonly string[],
): Promise<Login> {
  const tenants = [...all];
  keepEndpoint(dataDir, { url, tenants });
  return makeLogin({ dataDir, url, tenants, ttlSeconds: limits.loginTtlSeconds });
}

async function resumedOf(federation: Federation, place: Place): Promise<Resumed> {
  const { upTo, isOver } = federation.replay();
  return {
    folder: folderName(place),
    counts: federation.summary(),
    waiting: await waitingOf(federation, place),
    replayFrom: isOver ? null : upTo,
  };
}

async function waitingOf(federation: Federation, place: Place): Promise<readonly Waiting[]> {
  const [region] = federation.regions;
  const pending = (region?.tenants() ?? []).map((tenant) => region?.pending(tenant) ?? []);
  const views = (await Promise.all(pending)).flat();
  return views.map((view) => ({ view, decidable: decidableOf(view, place) }));
}

/** Says what this is, where the console is, and what it goes on from. */
function open({ cli, screen, story, place }: Run, running: Running): void {
  const { federation, gateway, login, loginMinutes, resumed } = running;
  const { members, faultModel } = federation.trustRoot.epoch;
  const { url } = gateway;
  const file = resolve(place.dataDir, 'login');
  // A log is no place for a link that logs somebody in.
  story.say(`the gateway answers at ${url}; a login link for ${login.name} is in ${file}`, {
    url,
    login_file: file,
  });
  if (resumed) {
    const { counts, waiting, replayFrom } = resumed;
    const ids = waiting.map(({ view }) => view.proposalId);
    story.say(resumedText(resumed), { counts, waiting: ids, replayFrom });
  }
  const opening = {
    version: cli.version,
    regions: federation.regions.map(({ id }) => id),
    tenants: login.tenants,
    quorum: quorumOf(members.length, faultModel),
    url,
    login: { link: login.link, name: login.name, minutes: loginMinutes },
    resumed,
  };
  story.show(openingLines(opening, screen));
}

/** The recording has ended: what came of it, what waits, and what can be done about it. */
async function tellEnd({ story, screen, place, options }: Run, running: Running): Promise<void> {
  const { federation } = running;
  await story.told();
  story.rest();
  const summary = federation.summary();
  const waiting = await waitingOf(federation, place);
  const staysUp = options.once !== true;
  story.say('the recording has ended');
  for (const text of countSentences(summary)) story.say(text);
  for (const { view, decidable } of waiting) {
    const { proposalId, target, expiresAt } = view;
    const { needs, names, approve: command } = decidable;
    story.say(`${target} waits for ${needs} until ${expiresAt}: ${command}`, {
      proposalId,
      target,
      needs,
      names,
      command,
    });
  }
  if (staysUp) story.say('staying up; SIGINT or SIGTERM ends this in order');
  const where = { folder: folderName(place), flag: folderFlag(place) };
  story.show(endedLines({ summary, waiting, ...where, staysUp }, screen));
}

async function finish(run: Run, running: Running, signal: string | null): Promise<void> {
  const { cli, options, story, screen, place } = run;
  const { federation, gateway } = running;
  if (signal !== null) {
    story.say(`${signal}: finishing what is under way`, { signal });
    story.rest();
    story.show(['', 'Finishing what is under way; a second Ctrl-C ends at once.']);
  }
  await gateway.close();
  await forgetEndpoint(federation.dataDir);
  const summary = federation.summary();
  await story.told();
  story.rest();
  await federation.close();
  if (signal !== null) {
    const kept = { folder: folderName(place), flag: folderFlag(place), summary };
    story.say(`${keptText(kept)}; quorate up goes on from there`, { kept: kept.folder });
    story.show(keptLines(kept, screen));
  }
  if (options.json) printJson(cli, summary);
  if (signal === 'SIGINT') cli.setExitCode(exit.interrupted);
}
