/**
 * Tokens of an identity provider, whose keys change.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Issuer, openIssuer } from '#gateway/issuer.ts';
import { openAuthenticator, type TokenConfig } from '#gateway/tokens.ts';

const provider = { issuer: 'https://id.example', audience: 'quorate' };
const folder = mkdtempSync(join(tmpdir(), 'quorate-keys-'));
const file = join(folder, 'jwks.json');
let local: Issuer;
let served: { status: number; body: string };
let asked = 0;
let server: Server;
let url: string;

beforeEach(async () => {
  local = await openIssuer(folder, true);
  served = { status: 200, body: '{"keys":[]}' };
  asked = 0;
  server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(served.status, { location: '/elsewhere' }).end(served.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface ProviderKey {
  readonly jwk: JWK;
  sign(claims?: object, options?: { readonly audience?: string }): Promise<string>;
}

async function providerKey(kid: string, alg = 'RS256'): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims = {}, { audience = provider.audience } = {}) =>
      new SignJWT({ tenant_id: 'acme', roles: ['viewer'], ...claims })
        .setProtectedHeader({ alg, kid })
        .setIssuer(provider.issuer)
        .setAudience(audience)
        .setSubject('alice')
        .setExpirationTime('1 hour')
        .sign(privateKey),
  };
}

function configFor(jwks: string, mode: TokenConfig['mode'] = 'production'): TokenConfig {
  return { mode, jwks, jwtIssuer: provider.issuer, jwtAudience: provider.audience };
}

function publish(...keys: readonly ProviderKey[]): void {
  const body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
  served = { status: 200, body };
  writeFileSync(file, body);
}

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

test.each([
  ['a file', () => file],
  ['a URL', () => url],
])('a key that is new in %s is found, and one withdrawn ends', async (_name, sourceOf) => {
  const [old, fresh] = await Promise.all([providerKey('k1'), providerKey('k2', 'EdDSA')]);
  publish(old);
  const authenticate = openAuthenticator(configFor(sourceOf()), local.jwks);
  expect(await authenticate(await old.sign())).toMatchObject({ subject: 'alice', tenant: 'acme' });

  publish(fresh);
  pass(6);
  expect(await authenticate(await fresh.sign())).toMatchObject({ subject: 'alice' });
  await expect(authenticate(await old.sign())).rejects.toMatchObject({ code: 'unauthenticated' });

  publish(old);
  pass(601);
  await expect(authenticate(await fresh.sign())).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('unknown keys make the set be read again at most once in five seconds', async () => {
  const [known, unknown] = await Promise.all([providerKey('k1'), providerKey('k2')]);
  publish(known);
  const authenticate = openAuthenticator(configFor(url), local.jwks);
  await authenticate(await known.sign());
  const token = await unknown.sign();
  for (let n = 0; n < 20; n += 1) {
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  }
  expect(asked).toBe(1);
});

test('tokens for somebody else, of somebody else and without claims are refused', async () => {
  const [key, stranger] = await Promise.all([providerKey('k1'), providerKey('k1')]);
  publish(key);
  const authenticate = openAuthenticator(configFor(file), local.jwks);
  for (const token of [
    await key.sign({}, { audience: 'another' }),
    await key.sign({ tenant_id: 'Not A Name' }),
    await key.sign({ roles: ['root'] }),
    await key.sign({ roles: undefined }),
    await stranger.sign(),
  ]) {
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  }
});

test('with a provider the local issuer counts in simulation only', async () => {
  publish(await providerKey('k1'));
  const token = await local.mint({
    subject: 'bob',
    tenant: 'acme',
    roles: ['viewer'],
    ttlSeconds: 60,
  });
  const production = openAuthenticator(configFor(file, 'production'), local.jwks);
  await expect(production(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  const simulation = openAuthenticator(configFor(file, 'simulation'), local.jwks);
  expect(await simulation(token)).toMatchObject({ subject: 'bob' });
  const alone = openAuthenticator({ mode: 'production' }, local.jwks);
  expect(await alone(token)).toMatchObject({ subject: 'bob' });
});

test('a provider that cannot be asked is unavailable, not a bad token', async () => {
  const key = await providerKey('k1');
  const token = await key.sign();
  const answers = [
    { status: 500, body: '' },
    { status: 302, body: '' },
    { status: 200, body: 'no JSON' },
    { status: 200, body: '{"keys":"none"}' },
    { status: 200, body: JSON.stringify({ keys: [], padding: 'x'.repeat(1_100_000) }) },
  ];
  for (const answer of answers) {
    served = answer;
    const authenticate = openAuthenticator(configFor(url), local.jwks);
    const refusal = { code: 'unavailable', retryable: true, field: 'jwks' };
    await expect(authenticate(token)).rejects.toMatchObject(refusal);
    publish(key);
    expect(await authenticate(token)).toMatchObject({ subject: 'alice' });
  }
});

test('a key set file that breaks later leaves the keys already read', async () => {
  const [key, unknown] = await Promise.all([providerKey('k1'), providerKey('k2')]);
  publish(key);
  const authenticate = openAuthenticator(configFor(file), local.jwks);
  await authenticate(await key.sign());
  writeFileSync(file, '{"keys":');
  pass(6);
  await expect(authenticate(await unknown.sign())).rejects.toMatchObject({ code: 'unavailable' });
  expect(await authenticate(await key.sign())).toMatchObject({ subject: 'alice' });
});
