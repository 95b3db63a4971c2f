/**
 * What every answer of the gateway has in common, and how it stops.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveConsole } from '#gateway/console-files.ts';
import { sendSecurityHeaders } from '#gateway/headers.ts';
import { buildServer, openGateway } from '#gateway/server.ts';
import { type Demo, startQuietDemo } from '#test/support/federation.ts';

const apiPolicy = "default-src 'none';frame-ancestors 'none'";
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';');
let demo: Demo;

beforeAll(async () => {
  demo = await startQuietDemo();
}, 60_000);

afterAll(() => demo?.close());

function limited(limits: Partial<Demo['config']['limits']>) {
  const config = { ...demo.config, limits: { ...demo.config.limits, ...limits } };
  return buildServer({ ...demo.context, config });
}

test('every answer carries the security headers, refusals and unknown paths too', async () => {
  const bad = { authorization: 'Bearer x' };
  for (const [path, headers] of [
    ['/health', {}],
    ['/session', {}],
    ['/session', bad],
    ['/nowhere', {}],
    ['/assets/nowhere.js', {}],
  ] as const) {
    const answer = await fetch(`${demo.gateway.url}${path}`, { headers });
    const headersOf = Object.fromEntries(answer.headers);
    expect([path, headersOf]).toEqual([
      path,
      expect.objectContaining({
        'content-security-policy': path.startsWith('/assets') ? pagePolicy : apiPolicy,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'permissions-policy': expect.stringContaining('camera=()'),
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      }),
    ]);
    expect(headersOf).not.toHaveProperty('strict-transport-security');
    expect(headersOf).not.toHaveProperty('x-powered-by');
  }
});

test('a caller has a number of requests a minute, and another has its own', async () => {
  const app = limited({ requestsPerMinuteMax: 3 });
  const ask = async (tenant: string, subject: string) => {
    const authorization = `Bearer ${await demo.token(tenant, subject, ['viewer'])}`;
    return app.inject({ url: '/session', headers: { authorization } });
  };
  for (let n = 0; n < 3; n += 1) expect((await ask('acme', 'alice')).statusCode).toBe(200);
  const refused = await ask('acme', 'alice');
  expect(refused.statusCode).toBe(429);
  expect(refused.json()).toMatchObject({
    type: 'https://quorate.dev/problems/too-many-requests',
    retryable: true,
  });
  const seconds = Number(refused.headers['retry-after']);
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
  expect((await ask('acme', 'bob')).statusCode).toBe(200);
  expect((await ask('globex', 'alice')).statusCode).toBe(200);
  await app.close();
});

test('an address has a number of requests without a token; probes are not counted', async () => {
  const app = limited({ publicRequestsPerMinuteMax: 2 });
  const statusOf = async (url: string, remoteAddress: string) =>
    (await app.inject({ url, remoteAddress })).statusCode;
  expect(await statusOf('/openapi.json', '10.0.0.1')).toBe(200);
  expect(await statusOf('/nowhere', '10.0.0.1')).toBe(404);
  expect(await statusOf('/openapi.json', '10.0.0.1')).toBe(429);
  expect(await statusOf('/nowhere', '10.0.0.1')).toBe(429);
  expect(await statusOf('/openapi.json', '10.0.0.2')).toBe(200);
  for (let n = 0; n < 5; n += 1) expect(await statusOf('/livez', '10.0.0.1')).toBe(200);
  await app.close();
});

test('too many refused tokens are answered as that, and a good one still gets in', async () => {
  const app = limited({ failedLoginsPerMinuteMax: 2 });
  const statusOf = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await app.inject({ url: '/session', headers })).statusCode;
  };
  expect(await statusOf('a')).toBe(401);
  expect(await statusOf('b')).toBe(401);
  expect(await statusOf('c')).toBe(429);
  expect(await statusOf(await demo.token('acme', 'alice', ['viewer']))).toBe(200);
  await app.close();
});

test('refused codes, and tokens traded for a session, count like refused tokens', async () => {
  const app = limited({ failedLoginsPerMinuteMax: 2 });
  const statusOf = async (payload: object) =>
    (await app.inject({ method: 'POST', url: '/session', payload })).statusCode;
  expect(await statusOf({ code: 'a' })).toBe(401);
  expect(await statusOf({ token: 'b' })).toBe(401);
  expect(await statusOf({ code: 'c' })).toBe(429);
  expect(await statusOf({ token: await demo.token('acme', 'alice', ['viewer']) })).toBe(201);
  await app.close();
});

test('requests are counted by route template, never by path', async () => {
  const app = buildServer(demo.context);
  const authorization = `Bearer ${await demo.token('acme', 'alice', ['viewer'])}`;
  await app.inject({ url: '/proposals/abc', headers: { authorization } });
  await app.inject({ url: '/some/secret/path' });
  const metrics = (await app.inject('/metrics')).body;
  expect(metrics).toMatch(
    /http_requests_total\{method="GET",route="\/proposals\/:id",status="404",region="eu-west"\} 1/,
  );
  expect(metrics).toMatch(/http_requests_total\{method="GET",route="unmatched",status="404"/);
  expect(metrics).toMatch(
    /http_request_seconds_count\{region="eu-west",route="\/proposals\/:id"\} 1/,
  );
  expect(metrics).not.toContain('abc');
  expect(metrics).not.toContain('secret');
  await app.close();
});

function consoleApp(root: string) {
  const app = Fastify();
  sendSecurityHeaders(app);
  serveConsole(app, root);
  return app;
}

test('the console’s page is asked for each time, its assets are kept for ever', async () => {
  const root = mkdtempSync(join(tmpdir(), 'quorate-console-'));
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>Quorate</title>');
  writeFileSync(join(root, 'assets', 'index-1a2b.js'), 'export {};');
  writeFileSync(join(root, 'secret.txt'), 'secret');
  const app = consoleApp(root);
  const page = await app.inject('/');
  expect(page.statusCode).toBe(200);
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': pagePolicy,
  });
  const { etag } = page.headers;
  const again = await app.inject({ url: '/', headers: { 'if-none-match': String(etag) } });
  expect(again.statusCode).toBe(304);

  const asset = await app.inject('/assets/index-1a2b.js');
  expect(asset.headers).toMatchObject({
    'content-type': expect.stringContaining('javascript'),
    'cache-control': 'public, max-age=31536000, immutable',
    'content-security-policy': pagePolicy,
  });
  for (const path of [
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/..%2findex.html',
    '/assets/',
    '/assets/x',
  ]) {
    expect([path, (await app.inject(path)).statusCode]).toEqual([path, expect.any(Number)]);
    expect((await app.inject(path)).body).not.toContain('secret\n');
    expect((await app.inject(path)).statusCode).toBeGreaterThanOrEqual(400);
  }
  await app.close();
  rmSync(root, { recursive: true });
});

test('a console that was not built says what builds it', async () => {
  const app = consoleApp(join(tmpdir(), 'quorate-no-such-folder'));
  const page = await app.inject('/');
  expect(page.statusCode).toBe(503);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.body).toContain('npm run console');
  await app.close();
});

// Goal: the order of a stop. Method: a request whose body has half arrived when the stop begins.
test('a stopping gateway says so, finishes what is under way and takes nothing new', async () => {
  const gateway = await openGateway(demo.context);
  const { port } = new URL(gateway.url);
  const token = await demo.token('acme', 'alice', ['operator']);
  const body = JSON.stringify({ action: 'pause', reason: 'drain' });
  const slow = connect(Number(port), '127.0.0.1').setEncoding('utf8');
  let heard = '';
  slow.on('data', (text: string) => {
    heard += text;
  });
  const ended = new Promise((resolve) => slow.once('close', resolve));
  slow.write(
    `POST /stop HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  // Answered only after the head above was read: the same process reads in order of arrival.
  await fetch(`${gateway.url}/readyz`);

  const closed = gateway.close();
  const readiness = await fetch(`${gateway.url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.json()).toMatchObject({
    status: 'not-ready',
    checks: expect.arrayContaining([expect.objectContaining({ name: 'draining', ok: false })]),
  });
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  const late = await fetch(`${gateway.url}/openapi.json`);
  expect([late.status, late.headers.get('connection')]).toEqual([503, 'close']);
  expect(await late.json()).toMatchObject({ retryable: true });

  slow.write(body.slice(5));
  await closed;
  await ended;
  expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  await expect(fetch(`${gateway.url}/livez`)).rejects.toThrow();
});

test('a stop ends event streams by itself', async () => {
  const gateway = await openGateway(demo.context);
  const authorization = `Bearer ${await demo.token('acme', 'alice', ['viewer'])}`;
  const stream = await fetch(`${gateway.url}/events`, { headers: { authorization } });
  const [, text] = await Promise.all([gateway.close(), stream.text()]);
  expect(text).toMatch(/event: end\ndata: \{"reason":"draining"\}\n\n$/);
});

test('a connection that nothing was asked on does not hold up a stop', async () => {
  const gateway = await openGateway(demo.context);
  const idle = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  const ended = new Promise((resolve) => idle.once('close', resolve));
  await fetch(`${gateway.url}/livez`);
  const begun = performance.now();
  await gateway.close();
  await ended;
  expect(performance.now() - begun).toBeLessThan(demo.config.limits.drainMs / 2);
});

test('what does not end within the limit of a stop is cut off', async () => {
  const config = { ...demo.config, limits: { ...demo.config.limits, drainMs: 50 } };
  const gateway = await openGateway({ ...demo.context, config });
  const { port } = new URL(gateway.url);
  const stuck = connect(Number(port), '127.0.0.1');
  const ended = new Promise((resolve) => stuck.once('close', resolve));
  const token = await demo.token('acme', 'alice', ['operator']);
  stuck.write(
    `POST /stop HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n` +
      'content-type: application/json\r\ncontent-length: 50\r\n\r\n{',
  );
  await fetch(`${gateway.url}/readyz`);
  await gateway.close();
  await ended;
});
