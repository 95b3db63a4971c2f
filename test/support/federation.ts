/**
 * A whole federation with its gateway on a temporary data folder and a free port.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '#fabric/open.ts';
import { type Issuer, openAuthenticator, openIssuer } from '#gateway/auth.ts';
import { type Gateway, openGateway } from '#gateway/server.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { type Config, readConfig } from '#regions/config.ts';
import { openFederation } from '#regions/federation.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { RegionNode } from '#regions/node.ts';

/** As fast as the consumers pull: the recording waits for the negotiation. */
const demoSpeed = 0;

export interface Demo {
  readonly config: Config;
  readonly federation: Federation;
  readonly region: RegionNode;
  readonly gateway: Gateway;
  readonly issuer: Issuer;
  /** A bearer token of the demo's own issuer. */
  token(tenant: string, subject: string, roles: readonly Role[]): Promise<string>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

export async function startDemo(flags: Readonly<Record<string, unknown>> = {}): Promise<Demo> {
  const dataDir = mkdtempSync(join(tmpdir(), 'quorate-demo-'));
  const { config } = readConfig({
    flags: { dataDir, port: 0, ...flags },
    environment: {},
    readText: () => undefined,
  });
  const log = createLog({ level: 'error' });
  const federation = await openFederation({
    config,
    datasetDir: null,
    fresh: false,
    speed: demoSpeed,
    log,
  });
  const [region] = federation.regions;
  if (!region) throw new Error('a federation has a region');
  const issuer = await openIssuer(dataDir, true);
  const gateway = await openGateway(
    { config, federation, region, version: '0.0.0-test', log },
    openAuthenticator(issuer.jwks),
  );
  return {
    config,
    federation,
    region,
    gateway,
    issuer,
    token: (tenant, subject, roles) => issuer.mint({ tenant, subject, roles, ttlSeconds: 600 }),
    close: async () => {
      await gateway.close();
      await federation.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
