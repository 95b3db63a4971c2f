/**
 * Who is calling: bearer tokens (JWT), wrapped around jose in this one file.
 *
 * The embedded issuer's Ed25519 key lives in the data folder, readable by its owner only. The
 * accepted algorithms are pinned, so neither `none` nor an HMAC with the public key gets in.
 * The tenant comes from the token and from nowhere else (policy P5).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  errors,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';
import type { Caller } from '#regions/node.ts';

const algorithms = ['EdDSA', 'RS256'];
const issuerName = 'urn:quorate:local';
const audience = 'urn:quorate:gateway';
/** Clocks of one machine agree; of two, within this. */
const clockToleranceSeconds = 5;
const tokenBytesMax = 8192;

const ranks: readonly Role[] = ['viewer', 'operator', 'approver', 'org-admin', 'federation-admin'];

export interface Grant {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly ttlSeconds: number;
}

export interface Issuer {
  readonly jwks: JSONWebKeySet;
  mint(grant: Grant): Promise<string>;
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
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'EdDSA', use: 'sig' }] },
    mint: (grant) =>
      new SignJWT({ tenant_id: grant.tenant, roles: [...grant.roles] })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuer(issuerName)
        .setAudience(audience)
        .setSubject(grant.subject)
        .setIssuedAt()
        .setExpirationTime(`${grant.ttlSeconds} seconds`)
        .setJti(crypto.randomUUID())
        .sign(key),
  };
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

const Claims = Compile(
  Type.Object({
    sub: Name,
    tenant_id: Name,
    roles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
  }),
);

/** Turns a token into a caller, or throws `unauthenticated`. */
export type Authenticate = (token: string) => Promise<Caller>;

export function openAuthenticator(jwks: JSONWebKeySet): Authenticate {
  const keys = createLocalJWKSet(jwks);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer: issuerName,
        audience,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      if (!Claims.Check(payload)) throw refused('the token lacks tenant_id, roles or a subject');
      return { subject: payload.sub, tenant: payload.tenant_id, roles: payload.roles };
    } catch (error) {
      if (error instanceof QuorateError) throw error;
      throw refused(reasonOf(error), error);
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token uses an algorithm not allowed';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token's ${error.claim} is wrong`;
  return 'the token does not verify';
}

function refused(message: string, cause?: unknown): QuorateError {
  return new QuorateError('unauthenticated', message, { cause, field: 'authorization' });
}

/** Every route but the public ones asks for a token, and for the role its config names. */
export function requireTokens(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const { isPublic, role } = request.routeOptions.config;
    if (isPublic || request.is404) return;
    const caller = await authenticate(bearerOf(request));
    if (!hasRole(caller, role ?? 'viewer')) {
      throw new QuorateError('forbidden', `this needs the role ${role} or higher`, {
        field: 'roles',
      });
    }
    request.caller = caller;
  });
  app.addHook('preHandler', async (request) => {
    const tenant = (request.body as { tenant_id?: string } | null | undefined)?.tenant_id;
    if (tenant !== undefined && request.caller && tenant !== request.caller.tenant) {
      throw new QuorateError('forbidden', 'tenant_id is not the tenant of the token', {
        field: 'tenant_id',
      });
    }
  });
}

function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization ?? '';
  const [scheme, token, ...rest] = header.split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0) {
    throw refused('send a bearer token in the Authorization header');
  }
  if (token.length > tokenBytesMax) throw refused('the token is too long');
  return token;
}

/** Roles are a ladder: a higher one may do what the lower may. */
export function hasRole(caller: Pick<Caller, 'roles'>, least: Role): boolean {
  return caller.roles.some((role) => ranks.indexOf(role) >= ranks.indexOf(least));
}

export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw refused('send a bearer token in the Authorization header');
  return request.caller;
}

/** The tenant a token claims, for a client that holds one: nothing is verified here. */
export function tenantOfToken(token: string): string {
  try {
    const { tenant_id: tenant } = decodeJwt(token);
    if (typeof tenant === 'string') return tenant;
  } catch {
    // Not a token at all; the sentence below says so.
  }
  throw refused('the token given is not one of this system');
}
