/**
 * A whole federation with its gateway on a temporary data folder and a free port.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '#fabric/open.ts';
import type { GatewayContext } from '#gateway/context.ts';
import { type Issuer, openIssuer } from '#gateway/issuer.ts';
import { makeLoginCode } from '#gateway/login-codes.ts';
import { type Gateway, openGateway } from '#gateway/server.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { type Config, readConfig } from '#regions/config.ts';
import { openFederation } from '#regions/federation.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { RegionNode } from '#regions/node.ts';
import { writeQuietRecording } from './recording.ts';

/** As fast as the consumers pull: the recording waits for the negotiation. */
const demoSpeed = 0;

export interface DemoOptions {
  /** The folder of an earlier demo, which was stopped: this one goes on from there. */
  readonly dataDir?: string;
  /** Series to replay instead of the shipped recording. */
  readonly datasetDir?: string;
  /** Event-time seconds a second; null for the pace of `quorate up`. Unpaced unless told. */
  readonly speed?: number | null;
  readonly version?: string;
}

export interface Login {
  readonly tenants?: readonly string[];
  readonly subject?: string;
  readonly roles?: readonly Role[];
}

export interface Demo {
  readonly config: Config;
  readonly dataDir: string;
  readonly federation: Federation;
  readonly region: RegionNode;
  readonly gateway: Gateway;
  readonly issuer: Issuer;
  /** What the gateway was opened with, for a server of one's own. */
  readonly context: GatewayContext;
  /** A bearer token of the demo's own issuer. */
  token(tenant: string, subject: string, roles: readonly Role[]): Promise<string>;
  /** Logs in through the gateway; the answer is a `Cookie` header. All tenants unless told. */
  login(login?: Login): Promise<string>;
  /** Ends everything and leaves the folder. */
  stop(): Promise<void>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

/** Flags are configuration by key, such as `'limits.requestsPerMinuteMax': 5`. */
export async function startDemo(
  flags: Readonly<Record<string, unknown>> = {},
  options: DemoOptions = {},
): Promise<Demo> {
  const { dataDir = mkdtempSync(join(tmpdir(), 'quorate-demo-')) } = options;
  const { version = '0.0.0-test' } = options;
  const { config } = readConfig({
    flags: { dataDir, port: 0, ...flags },
    environment: {},
    readText: () => '{"keys":[]}',
  });
  const { federation, region, log } = await openEmbedded(config, options);
  const issuer = await openIssuer(dataDir, true);
  const context = { config, federation, region, issuer, version, log };
  const gateway = await openGateway(context);
  const stop = async () => {
    await gateway.close();
    await federation.close();
  };
  return {
    config,
    dataDir,
    federation,
    region,
    gateway,
    issuer,
    context,
    token: (tenant, subject, roles) => issuer.mint({ tenant, subject, roles, ttlSeconds: 600 }),
    login: async (login = {}) => {
      const who = { subject: 'alice', roles: ['approver'] as const, tenants: region.tenants() };
      const expiresAt = Date.now() + 600_000;
      const code = await makeLoginCode(dataDir, { ...who, ...login, expiresAt });
      return loginWith(gateway, code);
    },
    stop,
    close: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function openEmbedded(config: Config, options: DemoOptions) {
  const log = createLog({ level: 'error' });
  const federation = await openFederation({
    config,
    datasetDir: options.datasetDir ?? null,
    fresh: false,
    speed: options.speed === undefined ? demoSpeed : options.speed,
    log,
  });
  const [region] = federation.regions;
  if (!region) throw new Error('a federation has a region');
  return { federation, region, log };
}

/** One region where nothing happens by itself: enough for what the gateway does alone. */
export async function startQuietDemo(
  flags: Readonly<Record<string, unknown>> = {},
  options: DemoOptions = {},
): Promise<Demo> {
  const parent = mkdtempSync(join(tmpdir(), 'quorate-series-'));
  // A data folder remembers the name of its recording.
  const folder = join(parent, 'quiet');
  const regions = ['eu-west'];
  await writeQuietRecording(folder, regions);
  const demo = await startDemo({ regions, ...flags }, { datasetDir: folder, ...options });
  rmSync(parent, { recursive: true });
  return demo;
}

async function loginWith({ url }: Gateway, code: string): Promise<string> {
  const response = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (response.status !== 201) throw new Error(`no login: ${await response.text()}`);
  return cookieOf(response);
}

/** What a browser would send back. */
export function cookieOf(response: Response): string {
  const [cookie = ''] = response.headers.getSetCookie();
  return cookie.split(';', 1)[0] ?? '';
}
