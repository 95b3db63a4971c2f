import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLoginCode } from '#gateway/login-codes.ts';
import { freshLoginLink } from '#gateway/login-link.ts';
import { buildServer } from '#gateway/server.ts';
import type { SessionWire } from '#gateway/views/session.ts';
import { cookieOf, type Demo, startQuietDemo } from '#test/support/federation.ts';

const grant = {
  subject: 'alice',
  roles: ['approver'] as const,
  tenants: ['acme', 'globex'],
};
let demo: Demo;

beforeAll(async () => {
  demo = await startQuietDemo();
}, 60_000);

afterAll(() => demo?.close());

interface Ask {
  readonly method?: string;
  readonly cookie?: string;
  readonly origin?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(path: string, { method = 'GET', cookie, origin, body, headers }: Ask = {}) {
  return fetch(`${demo.gateway.url}${path}`, {
    method,
    headers: {
      ...(cookie !== undefined && { cookie }),
      ...(origin !== undefined && { origin }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

function newCode(ttlMs = 60_000): Promise<string> {
  return makeLoginCode(demo.dataDir, { ...grant, expiresAt: Date.now() + ttlMs });
}

function login(code: string, more: Ask = {}): Promise<Response> {
  return ask('/session', { method: 'POST', body: { code }, ...more });
}

test('a login link is traded once for a session', async () => {
  const { url } = demo.gateway;
  const expiresAt = Date.now() + 60_000;
  const link = await freshLoginLink({ dataDir: demo.dataDir, url }, { ...grant, expiresAt });
  const code = link.slice(`${url}/#login=`.length);
  const first = await login(code);
  expect(first.status).toBe(201);
  expect(await first.json()).toMatchObject({
    subject: 'alice',
    tenant: 'acme',
    tenants: ['acme', 'globex'],
    roles: ['approver'],
    region: 'eu-west',
    federation: 'demo',
    mode: 'simulation',
    version: '0.0.0-test',
    may_sign: true,
  });
  const [cookie] = first.headers.getSetCookie();
  expect(cookie).toMatch(
    /^quorate_session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
  );
  const session = await ask('/session', { cookie: cookieOf(first) });
  expect(await session.json()).toMatchObject({ subject: 'alice', tenant: 'acme' });

  const second = await login(code);
  expect(second.status).toBe(401);
  expect(await second.json()).toMatchObject({ field: 'code' });
});

test('a code sent many times at once lets one in', async () => {
  const code = await newCode();
  const answers = await Promise.all(Array.from({ length: 8 }, () => login(code)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(401)]);
});

test('no kind of token passes for another', async () => {
  const token = await demo.token('acme', 'alice', ['approver']);
  const code = await newCode();
  const cookie = (await demo.login()).split('=')[1] ?? '';
  for (const wrong of [code, cookie]) {
    const answer = await ask('/session', { headers: { authorization: `Bearer ${wrong}` } });
    expect(answer.status).toBe(401);
  }
  for (const wrong of [token, cookie]) expect((await login(wrong)).status).toBe(400);
  expect((await login('abc')).status).toBe(401);
  for (const wrong of [token, code, 'abc', '']) {
    const answer = await ask('/session', { cookie: `quorate_session=${wrong}` });
    expect(answer.status).toBe(401);
  }
});

test('an expired code is refused', async () => {
  expect((await login(await newCode(-1))).status).toBe(401);
});

test('a session can be switched to its own tenants and to no other', async () => {
  const cookie = await demo.login({ tenants: ['acme', 'globex'] });
  const origin = demo.gateway.url;
  const put = (tenant: string) =>
    ask('/session', { method: 'PUT', cookie, origin, body: { tenant } });
  const switched = await put('globex');
  expect(await switched.json()).toMatchObject({ tenant: 'globex', tenants: ['acme', 'globex'] });
  const after = await ask('/session', { cookie: cookieOf(switched) });
  expect(await after.json()).toMatchObject({ tenant: 'globex' });
  expect((await ask('/pending/globex', { cookie: cookieOf(switched) })).status).toBe(200);
  expect((await ask('/pending/globex', { cookie })).status).toBe(404);

  const foreign = await put('initech');
  expect(foreign.status).toBe(403);
  expect(await foreign.json()).toMatchObject({ field: 'tenant' });
});

test('a bearer token is traded for a session that lives no longer', async () => {
  const token = await demo.token('acme', 'alice', ['approver']);
  const answer = await ask('/session', { method: 'POST', body: { token } });
  expect(answer.status).toBe(201);
  const { tenants, expires_at: expiresAt } = (await answer.json()) as SessionWire;
  expect(tenants).toEqual(['acme']);
  expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 600_000);
  expect((await ask('/session', { cookie: cookieOf(answer) })).status).toBe(200);
  const middle = token.length - 40;
  const other = token[middle] === 'A' ? 'B' : 'A';
  const forged = `${token.slice(0, middle)}${other}${token.slice(middle + 1)}`;
  expect((await ask('/session', { method: 'POST', body: { token: forged } })).status).toBe(401);
});

test('of many codes that wait, the newest are kept', async () => {
  const first = await newCode(1000);
  for (let made = 0; made < 100; made += 1) await newCode();
  expect((await login(first)).status).toBe(401);
});

test('a bearer token shows its own session and has none to change', async () => {
  const token = await demo.token('acme', 'alice', ['viewer']);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await ask('/session', { headers });
  expect(await answer.json()).toMatchObject({ tenant: 'acme', tenants: ['acme'] });
  const body = { tenant: 'acme' };
  expect((await ask('/session', { method: 'PUT', headers, body })).status).toBe(400);
  expect((await ask('/session', { method: 'DELETE', headers })).status).toBe(400);
});

test('a change by cookie must come from a page of this gateway', async () => {
  const cookie = await demo.login();
  const { host, port } = new URL(demo.gateway.url);
  const put = (origin?: string) =>
    ask('/session', {
      method: 'PUT',
      cookie,
      body: { tenant: 'acme' },
      ...(origin !== undefined && { origin }),
    });
  for (const origin of [
    undefined,
    'null',
    'http://evil.example',
    `http://evil.example:${port}`,
    `https://${host}`,
    `http://${host}.evil.example`,
    `http://127.0.0.1:${Number(port) + 1}`,
    `file://${host}`,
  ]) {
    const answer = await put(origin);
    expect([origin, answer.status]).toEqual([origin, 403]);
    expect(await answer.json()).toMatchObject({ field: 'origin' });
  }
  expect((await put(`http://${host}`)).status).toBe(200);
});

test('another site can neither log a browser in nor out', async () => {
  const code = await newCode();
  expect((await login(code, { origin: 'http://evil.example' })).status).toBe(403);
  expect((await login(code, { origin: demo.gateway.url })).status).toBe(201);
  const cookie = await demo.login();
  const origin = 'http://evil.example';
  expect((await ask('/session', { method: 'DELETE', cookie, origin })).status).toBe(403);
  expect((await ask('/session', { cookie })).status).toBe(200);
});

test('a form with a cookie is refused, whatever is in it', async () => {
  const cookie = await demo.login();
  const answer = await fetch(`${demo.gateway.url}/session`, {
    method: 'PUT',
    headers: {
      cookie,
      origin: demo.gateway.url,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: JSON.stringify({ tenant: 'acme' }),
  });
  expect(answer.status).toBe(415);
});

test('a gateway on loopback answers to names of this machine only', async () => {
  const { port } = new URL(demo.gateway.url);
  const statusFor = (host: string, path: string) =>
    new Promise<number>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path, headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`, 'quorate.localhost']) {
    expect([host, await statusFor(host, '/health')]).toEqual([host, 200]);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ]) {
    for (const path of ['/health', '/session', '/nowhere']) {
      expect([host, path, await statusFor(host, path)]).toEqual([host, path, 403]);
    }
  }
});

test('behind a trusted proxy the names and the scheme are the proxy’s', async () => {
  const config = { ...demo.config, trustedProxies: ['127.0.0.1'] };
  const app = buildServer({ ...demo.context, config });
  const headers = {
    host: 'quorate.example',
    origin: 'https://quorate.example',
    'x-forwarded-proto': 'https',
  };
  const code = await newCode();
  const answer = await app.inject({ method: 'POST', url: '/session', headers, payload: { code } });
  expect(answer.statusCode).toBe(201);
  expect(answer.headers['set-cookie']).toContain('; Secure');
  expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d+$/);
  await app.close();
});

test('logging out ends the event streams of the session, and no others', async () => {
  const [mine, other] = [await demo.login(), await demo.login()];
  const streams = await Promise.all([mine, other].map((cookie) => ask('/events', { cookie })));
  const [ending, going] = streams.map(({ body }) => body?.getReader());
  for (const stream of [ending, going]) await stream?.read();
  await ask('/session', { method: 'DELETE', cookie: mine, origin: demo.gateway.url });
  const rest = async () => {
    while (!(await ending?.read())?.done);
  };
  await rest();
  const token = await demo.token('acme', 'alice', ['operator']);
  await ask('/stop', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: { action: 'pause', reason: 'still heard' },
  });
  let heard = '';
  while (!heard.includes('still heard')) {
    heard += new TextDecoder().decode((await going?.read())?.value);
  }
  await going?.cancel();
});

// Runs last: it starts the demo anew.
test('logging out ends every cookie of the session, for good', async () => {
  const origin = demo.gateway.url;
  const cookie = await demo.login();
  const other = await demo.login();
  const put = { method: 'PUT', cookie, origin, body: { tenant: 'globex' } };
  const sibling = cookieOf(await ask('/session', put));
  const left = await ask('/session', { method: 'DELETE', cookie, origin });
  expect(left.status).toBe(204);
  expect(left.headers.getSetCookie()[0]).toContain('Expires=Thu, 01 Jan 1970');
  for (const ended of [cookie, sibling]) {
    expect((await ask('/session', { cookie: ended })).status).toBe(401);
  }
  const code = await newCode();
  expect((await login(code)).status).toBe(201);

  await demo.stop();
  demo = await startQuietDemo({}, { dataDir: demo.dataDir });
  for (const ended of [cookie, sibling]) {
    expect((await ask('/session', { cookie: ended })).status).toBe(401);
  }
  expect((await ask('/session', { cookie: other })).status).toBe(200);
  expect((await login(code)).status).toBe(401);
}, 60_000);
