/**
 * The data folder's own issuer: an Ed25519 key, readable by its owner only, and the two kinds of
 * token it signs. Each kind has its own audience, so neither passes for the other.
 *
 *   bearer    a request's Authorization header                   urn:quorate:gateway
 *   session   the console's cookie, for one tenant of several    urn:quorate:console
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Role } from '#protocols/messages/manifest.ts';

export const localIssuer = 'urn:quorate:local';

export const audiences = {
  bearer: 'urn:quorate:gateway',
  session: 'urn:quorate:console',
} as const;

export interface Grant {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly ttlSeconds: number;
}

export interface SessionGrant {
  readonly sessionId: string;
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly tenants: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

export interface Issuer {
  readonly jwks: JSONWebKeySet;
  mint(grant: Grant): Promise<string>;
  mintSession(grant: SessionGrant): Promise<string>;
}

export function issuerPath(dataDir: string): string {
  return join(dataDir, 'gateway', 'issuer.pem');
}

/** The data folder's issuer; a missing key is made unless the caller only wants an existing one. */
export async function openIssuer(dataDir: string, make: boolean): Promise<Issuer> {
  const path = issuerPath(dataDir);
  if (make) await makeKey(path);
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (cause) {
    throw new QuorateError('unauthenticated', `no issuer key at ${path}`, { cause, field: path });
  }
  const key = await importPKCS8(pem, 'EdDSA', { extractable: true });
  const jwk = publicPart(await exportJWK(key));
  const kid = await calculateJwkThumbprint(jwk);
  const sign = (claims: JWTPayload & { sub: string; aud: string; exp: number }) =>
    new SignJWT({ iss: localIssuer, iat: secondsNow(), jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
      .sign(key);
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'EdDSA', use: 'sig' }] },
    mint: ({ subject, tenant, roles, ttlSeconds }) =>
      sign({
        sub: subject,
        aud: audiences.bearer,
        exp: secondsNow() + ttlSeconds,
        tenant_id: tenant,
        roles: [...roles],
      }),
    mintSession: ({ sessionId, subject, tenant, roles, tenants, expiresAt }) =>
      sign({
        sub: subject,
        aud: audiences.session,
        exp: expiresAt / 1000,
        sid: sessionId,
        tenant_id: tenant,
        roles: [...roles],
        tenants: [...tenants],
      }),
  };
}

function secondsNow(): number {
  return Math.floor(systemClock.now() / 1000);
}

async function makeKey(path: string): Promise<void> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, await exportPKCS8(privateKey), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function publicPart({ kty, crv, x }: JWK): JWK {
  return { kty, crv, x } as JWK;
}

/** The tenant a token claims, for a client that holds one: nothing is verified here. */
export function tenantOfToken(token: string): string {
  try {
    const { tenant_id: tenant } = decodeJwt(token);
    if (typeof tenant === 'string') return tenant;
  } catch {
    // Not a token at all; the sentence below says so.
  }
  throw new QuorateError('unauthenticated', 'the token given is not one of this system', {
    field: 'authorization',
  });
}
