/**
 * Where a running gateway tells commands on the same machine about itself.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { loginLinkPath } from '../login-link.ts';

const Endpoint = Type.Object({ url: Type.String(), tenants: Type.Array(Type.String()) });
export type Endpoint = Static<typeof Endpoint>;

function endpointPath(dataDir: string): string {
  return join(dataDir, 'gateway', 'endpoint.json');
}

export function keepEndpoint(dataDir: string, endpoint: Endpoint): void {
  writeFileSync(endpointPath(dataDir), JSON.stringify(endpoint), { mode: 0o600 });
}

/** The gateway answers no more, and no link leads to it. */
export async function forgetEndpoint(dataDir: string): Promise<void> {
  await rm(endpointPath(dataDir), { force: true });
  await rm(loginLinkPath(dataDir), { force: true });
}

/** What the last gateway of this data folder said about itself. */
export function readEndpoint(dataDir: string): Endpoint | null {
  try {
    const value: unknown = JSON.parse(readFileSync(endpointPath(dataDir), 'utf8'));
    return Value.Check(Endpoint, value) ? value : null;
  } catch {
    return null; // none has run here yet
  }
}
