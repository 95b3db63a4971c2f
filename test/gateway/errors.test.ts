import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import Type from 'typebox';
import { afterAll, expect, test } from 'vitest';
import { handleErrors } from '#gateway/errors.ts';
import { type ErrorCode, errorMeanings, QuorateError } from '#protocols/errors.ts';
import { Action } from '#protocols/messages/manifest.ts';

const logged: Record<string, unknown>[] = [];
const app = Fastify({ genReqId: () => crypto.randomUUID(), bodyLimit: 1000 });
app.setValidatorCompiler(TypeBoxValidatorCompiler);
handleErrors(app, { info: () => {}, error: (fields) => logged.push(fields) });
app.get<{ Params: { code: ErrorCode } }>('/throw/:code', async ({ params }) => {
  throw new QuorateError(params.code, 'the secret detail', { field: 'a.b' });
});
app.get('/bug', async () => {
  throw new TypeError('the inside of the program');
});
const Body = Type.Object(
  {
    name: Type.String({ maxLength: 5 }),
    nested: Type.Optional(Type.Object({ count: Type.Integer() }, { additionalProperties: false })),
    action: Type.Optional(Action),
  },
  { additionalProperties: false },
);
app.post('/body', { schema: { body: Body } }, async () => 'fine');

afterAll(() => app.close());

function post(payload: string | object, contentType = 'application/json') {
  const headers = { 'content-type': contentType };
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return app.inject({ method: 'POST', url: '/body', headers, payload: text });
}

test('every error code has a status and is a problem of that type', async () => {
  for (const code of Object.keys(errorMeanings)) {
    const answer = await app.inject(`/throw/${code}`);
    const problem = answer.json();
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(problem.status).toBe(answer.statusCode);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(problem.instance).toBe(`/throw/${code}`);
    if (answer.statusCode === 500) {
      expect(problem.type).toBe('https://quorate.dev/problems/internal');
      expect(answer.body).not.toContain('the secret detail');
    } else {
      expect(problem.type).toBe(`https://quorate.dev/problems/${code}`);
      expect(problem.field).toBe('a.b');
    }
  }
});

test.each([
  ['forbidden', 403],
  ['not-found', 404],
  ['conflict', 409],
  ['gone', 410],
  ['not-ready', 503],
])('%s is %i', async (code, status) => {
  expect((await app.inject(`/throw/${code}`)).statusCode).toBe(status);
});

test('a bug is 500, tells the caller only the request id, and is logged with it', async () => {
  const answer = await app.inject('/bug');
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain('the inside of the program');
  const { request_id: requestId } = answer.json();
  const entry = logged.find((fields) => fields.requestId === requestId);
  expect(String(entry?.error)).toContain('the inside of the program');
});

test.each([
  [{}, 'name'],
  [{ name: 3 }, 'name'],
  [{ name: 'too long' }, 'name'],
  [{ name: 'a', other: 1 }, 'other'],
  [{ name: 'a', nested: { count: 'x' } }, 'nested.count'],
  [{ name: 'a', nested: {} }, 'nested.count'],
  [{ name: 'a', nested: { count: 1, more: 1 } }, 'nested.more'],
])('the body %o is 400 and names %s', async (payload, field) => {
  const answer = await post(payload);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({
    type: 'https://quorate.dev/problems/invalid-input',
    field,
  });
});

test('a text is not taken for a number', async () => {
  expect((await post({ name: 'a', nested: { count: '1' } })).statusCode).toBe(400);
});

test.each([
  ['{"name":', 'application/json', 400],
  ['{"__proto__":{"a":1},"name":"a"}', 'application/json', 400],
  ['', 'application/json', 400],
  ['<a/>', 'text/xml', 415],
  [JSON.stringify({ name: 'x'.repeat(2000) }), 'application/json', 413],
])('the payload %s as %s is a problem with status %i', async (payload, type, status) => {
  const answer = await post(payload, type);
  expect(answer.statusCode).toBe(status);
  expect(answer.json().type).toMatch(/^https:\/\/quorate\.dev\/problems\/[a-z-]+$/);
});

test('an unknown route is a 404 problem without the query in it', async () => {
  const answer = await app.inject('/nowhere?token=abc');
  expect(answer.statusCode).toBe(404);
  expect(answer.body).not.toContain('abc');
});
