import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerOf, hasRole, requireCallers } from '#gateway/auth.ts';
import { readCookies } from '#gateway/cookies.ts';
import { handleErrors } from '#gateway/errors.ts';
import { type Issuer, issuerPath, openIssuer, tenantOfToken } from '#gateway/issuer.ts';
import { openAuthenticator } from '#gateway/tokens.ts';
import type { Role } from '#protocols/messages/manifest.ts';

const grant = {
  subject: 'alice',
  tenant: 'acme',
  roles: ['operator'] as readonly Role[],
  ttlSeconds: 60,
};
const claims = { tenant_id: 'acme', roles: ['operator'] };
const dataDir = mkdtempSync(join(tmpdir(), 'quorate-auth-'));
let issuer: Issuer;
let app: FastifyInstance;

beforeAll(async () => {
  issuer = await openIssuer(dataDir, true);
  const logged: unknown[] = [];
  app = Fastify({ genReqId: () => crypto.randomUUID() });
  handleErrors(app, { info: () => {}, error: (fields) => logged.push(fields) });
  readCookies(app);
  requireCallers(app, {
    bearer: openAuthenticator({ mode: 'simulation' }, issuer.jwks),
    cookie: () => Promise.reject(new Error('nobody has a cookie here')),
    onRefused: async () => {},
  });
  app.get('/open', { config: { isPublic: true } }, async () => 'open');
  app.get('/whoami', async (request) => callerOf(request));
  app.post('/write', { config: { role: 'operator' } }, async (request) => callerOf(request));
});

afterAll(async () => {
  await app.close();
  rmSync(dataDir, { recursive: true });
});

function ask(token: string | null, body?: object) {
  return app.inject({
    method: body ? 'POST' : 'GET',
    url: body ? '/write' : '/whoami',
    ...(token !== null && { headers: { authorization: `Bearer ${token}` } }),
    ...(body && { payload: body }),
  });
}

/** A token of our issuer's shape, signed by another key or in another way. */
function forge(header: { alg: string; kid?: string }): SignJWT {
  return new SignJWT(claims)
    .setProtectedHeader(header)
    .setIssuer('urn:quorate:local')
    .setAudience('urn:quorate:gateway')
    .setSubject('alice')
    .setIssuedAt()
    .setExpirationTime('1 minute');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('a token of the issuer names subject, tenant and roles', async () => {
  const answer = await ask(await issuer.mint(grant));
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ subject: 'alice', tenant: 'acme', roles: ['operator'] });
});

test('the issuer key is readable by its owner only and stays the same', async () => {
  expect(statSync(issuerPath(dataDir)).mode & 0o777).toBe(0o600);
  const again = await openIssuer(dataDir, true);
  expect(again.jwks).toEqual(issuer.jwks);
  expect((await ask(await again.mint(grant))).statusCode).toBe(200);
});

test('the published key set holds no private part', () => {
  expect(Object.keys(issuer.jwks.keys[0] ?? {})).not.toContain('d');
});

test('a public route needs no token', async () => {
  expect((await app.inject('/open')).statusCode).toBe(200);
});

test('no token, an empty one and a foreign scheme are 401', async () => {
  for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b']) {
    const answer = await app.inject({
      url: '/whoami',
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.json()).toMatchObject({
      type: 'https://quorate.dev/problems/unauthenticated',
      field: 'authorization',
    });
  }
});

test('an expired token is 401 and says so', async () => {
  const token = await issuer.mint({ ...grant, ttlSeconds: -60 });
  const answer = await ask(token);
  expect(answer.statusCode).toBe(401);
  expect(answer.json().detail).toContain('expired');
});

test('the algorithm none is refused', async () => {
  const payload = { ...claims, sub: 'alice', iss: 'urn:quorate:local', exp: 9_999_999_999 };
  expect((await ask(`${encode({ alg: 'none' })}.${encode(payload)}.`)).statusCode).toBe(401);
});

// Goal: algorithm confusion. Method: an HMAC keyed with the public key, which everybody knows.
test('an HMAC with the public key is refused', async () => {
  const [key] = issuer.jwks.keys;
  const head = encode({ alg: 'HS256', kid: key?.kid });
  const payload = { ...claims, sub: 'alice', iss: 'urn:quorate:local', exp: 9_999_999_999 };
  const signed = `${head}.${encode({ ...payload, aud: 'urn:quorate:gateway' })}`;
  const secret = Buffer.from(String(key?.x), 'base64url');
  const mac = createHmac('sha256', secret).update(signed).digest('base64url');
  const answer = await ask(`${signed}.${mac}`);
  expect(answer.statusCode).toBe(401);
  expect(answer.json().detail).toContain('algorithm');
});

test('a token of another key is refused, whatever key id it claims', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const kid = issuer.jwks.keys[0]?.kid ?? '';
  for (const header of [{ alg: 'EdDSA' }, { alg: 'EdDSA', kid }]) {
    expect((await ask(await forge(header).sign(privateKey))).statusCode).toBe(401);
  }
});

test('a token with one changed byte in payload or signature is refused', async () => {
  const [head, payload = '', signature = ''] = (await issuer.mint(grant)).split('.');
  const flip = (text: string) => (text[5] === 'A' ? 'B' : 'A');
  const change = (text: string) => text.slice(0, 5) + flip(text) + text.slice(6);
  for (const token of [
    `${head}.${change(payload)}.${signature}`,
    `${head}.${payload}.${change(signature)}`,
  ]) {
    expect((await ask(token)).statusCode).toBe(401);
  }
});

test('a body that names another tenant is 403, one that names the own is not', async () => {
  const token = await issuer.mint(grant);
  const other = await ask(token, { tenant_id: 'globex' });
  expect(other.statusCode).toBe(403);
  expect(other.json()).toMatchObject({ field: 'tenant_id' });
  expect((await ask(token, { tenant_id: 'acme' })).statusCode).toBe(200);
  expect((await ask(token, {})).statusCode).toBe(200);
});

test('a role below the one a route asks for is 403, a higher one is let in', async () => {
  const viewer = await issuer.mint({ ...grant, roles: ['viewer'] });
  expect((await ask(viewer, {})).statusCode).toBe(403);
  const admin = await issuer.mint({ ...grant, roles: ['org-admin'] });
  expect((await ask(admin, {})).statusCode).toBe(200);
});

test('roles are a ladder', () => {
  expect(hasRole({ roles: ['approver'] }, 'operator')).toBe(true);
  expect(hasRole({ roles: ['viewer', 'operator'] }, 'approver')).toBe(false);
});

test('a client reads the tenant of its token, and refuses what is none', async () => {
  expect(tenantOfToken(await issuer.mint(grant))).toBe('acme');
  expect(() => tenantOfToken('abc')).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});
