import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireCallers } from '#gateway/auth.ts';
import { readCookies } from '#gateway/cookies.ts';
import { handleErrors } from '#gateway/errors.ts';
import { honourIdempotencyKeys } from '#gateway/idempotency.ts';
import type { Identity } from '#gateway/tokens.ts';
import { QuorateError } from '#protocols/errors.ts';
import { factsInMemory } from '#test/support/facts.ts';
import { type Demo, startQuietDemo } from '#test/support/federation.ts';

const quiet = { info: () => {}, error: () => {} };
const answerBytesMax = 1000;
/** What kinds of facts were kept. */
const kinds = new Set<string>();
let effects: string[] = [];
let app: FastifyInstance;
let demo: Demo;

beforeAll(async () => {
  app = Fastify();
  handleErrors(app, quiet);
  readCookies(app);
  requireCallers(app, {
    bearer: async (token) => identityOf(token),
    cookie: () => Promise.reject(new Error('nobody has a cookie here')),
    onRefused: async () => {},
  });
  const facts = factsInMemory();
  honourIdempotencyKeys(app, {
    region: {
      recall: facts.recall,
      remember: (key, ...rest) => {
        kinds.add(key.slice(0, key.indexOf('/')));
        return facts.remember(key, ...rest);
      },
    },
    limits: { idempotencyTtlSeconds: 60, idempotencyAnswerBytesMax: answerBytesMax },
    log: quiet,
  });
  app.post<{ Params: { kind: string } }>('/act/:kind', async ({ params, body }, reply) => {
    effects.push(params.kind);
    if (params.kind === 'broken') throw new Error('a bug');
    if (params.kind === 'refused') throw new QuorateError('gone', 'too late');
    if (params.kind === 'empty') return reply.code(204).send();
    if (params.kind === 'long') return { text: 'x'.repeat(answerBytesMax) };
    reply.code(201).header('etag', '"1"');
    return { effect: effects.length, body };
  });
  demo = await startQuietDemo();
}, 60_000);

afterAll(async () => {
  await app?.close();
  await demo?.close();
});

/** `acme.alice` */
function identityOf(token: string): Identity {
  const [tenant = '', subject = ''] = token.split('.');
  return {
    subject,
    tenant,
    roles: ['operator'],
    tenants: [tenant],
    expiresAt: Number.MAX_SAFE_INTEGER,
    sessionId: null,
  };
}

interface Ask {
  readonly kind?: string;
  readonly as?: string;
  readonly body?: object;
}

function act(key: string, { kind = 'do', as = 'acme.alice', body = {} }: Ask = {}) {
  effects = [];
  const headers = { authorization: `Bearer ${as}`, 'idempotency-key': key };
  return app.inject({ method: 'POST', url: `/act/${kind}`, headers, payload: body });
}

test('a repeat gets the first answer and has no effect', async () => {
  const first = await act('a1', { body: { n: 1 } });
  expect(first.headers).not.toHaveProperty('idempotency-replayed');
  const second = await act('a1', { body: { n: 1 } });
  expect(effects).toEqual([]);
  expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true', etag: '"1"' });
  for (const part of ['statusCode', 'body'] as const) expect(second[part]).toBe(first[part]);
  expect(second.headers['content-type']).toBe(first.headers['content-type']);
});

test('the same key with another body is a conflict', async () => {
  await act('b1', { body: { n: 1 } });
  const answer = await act('b1', { body: { n: 2 } });
  expect(answer.statusCode).toBe(409);
  expect(answer.json()).toMatchObject({ field: 'idempotency-key', retryable: false });
  expect(effects).toEqual([]);
});

test('a key belongs to one caller of one tenant on one route', async () => {
  await act('c1');
  for (const other of [{ as: 'acme.bob' }, { as: 'globex.alice' }, { kind: 'other' }]) {
    expect((await act('c1', other)).statusCode).toBe(201);
    expect(effects).toHaveLength(1);
  }
});

// What a region keeps is bounded by kind, so each tenant has to have its own.
test('one tenant’s kept answers take no room of another’s', async () => {
  await act('t1', { as: 'acme.alice' });
  await act('t1', { as: 'globex.alice' });
  expect([...kinds].sort()).toEqual(['idempotency-acme', 'idempotency-globex']);
});

test('a refusal is kept, a bug is not', async () => {
  await act('d1', { kind: 'refused' });
  const again = await act('d1', { kind: 'refused' });
  expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([410, 'true']);
  expect(effects).toEqual([]);

  await act('d2', { kind: 'broken' });
  expect((await act('d2', { kind: 'broken' })).statusCode).toBe(500);
  expect(effects).toEqual(['broken']);
});

test('an empty answer is repeated, and of one too long at least the effect is not', async () => {
  await act('e1', { kind: 'empty' });
  const empty = await act('e1', { kind: 'empty' });
  expect([empty.statusCode, empty.headers['idempotency-replayed']]).toEqual([204, 'true']);

  expect((await act('e2', { kind: 'long' })).statusCode).toBe(200);
  expect((await act('e2', { kind: 'long' })).statusCode).toBe(409);
  expect(effects).toEqual([]);
});

test.each(['', ' ', 'a b', 'ä', 'x'.repeat(256)])('the key %o is refused', async (key) => {
  const answer = await act(key);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ field: 'idempotency-key' });
  expect(effects).toEqual([]);
});

// Goal: the promise holds for the real routes and outlives the process.
test('a stop that is sent twice is one stop, also after a restart', async () => {
  const stop = async (reason: string) =>
    fetch(`${demo.gateway.url}/stop`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await demo.token('acme', 'alice', ['operator'])}`,
        'content-type': 'application/json',
        'idempotency-key': 'stop-1',
      },
      body: JSON.stringify({ action: 'pause', reason }),
    });
  const first = await stop('x');
  expect(first.status).toBe(200);
  const answer = await first.text();
  expect(await (await stop('x')).text()).toBe(answer);

  await demo.stop();
  demo = await startQuietDemo({}, { dataDir: demo.dataDir });
  const again = await stop('x');
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await again.text()).toBe(answer);
  expect((await stop('y')).status).toBe(409);
}, 60_000);
