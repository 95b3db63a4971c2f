/**
 * What never becomes a request is answered like everything else: a problem of a known type.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Demo, startDemo } from '#test/support/federation.ts';
import { sendRaw } from '#test/support/fuzz-bytes.ts';

let demo: Demo;

beforeAll(async () => {
  demo = await startDemo();
}, 60_000);

afterAll(() => demo?.close());

const patience = { silenceMs: 5000, totalMs: 10_000 };
const host = 'host: localhost\r\nconnection: close';

test.each([
  ['bytes that are not HTTP', 'hello\r\n\r\n', 400, 'invalid-input'],
  ['an unknown method', `FOO / HTTP/1.1\r\n${host}\r\n\r\n`, 400, 'invalid-input'],
  ['an unknown version', `GET /health HTTP/9.9\r\n${host}\r\n\r\n`, 400, 'invalid-input'],
  [
    'two lengths',
    `POST /stop HTTP/1.1\r\n${host}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    400,
    'invalid-input',
  ],
  [
    'headers without end',
    `GET /health HTTP/1.1\r\n${host}\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
  [
    'a path that does not decode',
    `GET /audit/%E0%A4%A HTTP/1.1\r\n${host}\r\n\r\n`,
    400,
    'invalid-input',
  ],
  [
    'a name too long to exist',
    `GET /audit/${'a'.repeat(500)} HTTP/1.1\r\n${host}\r\n\r\n`,
    404,
    'not-found',
  ],
  ['no host', 'GET /health HTTP/1.1\r\nconnection: close\r\n\r\n', 403, 'forbidden'],
])('%s: answered with a problem', async (_what, bytes, status, code) => {
  const answer = await sendRaw(demo.gateway.url, bytes, patience);
  expect(answer).toMatchObject({ status, type: 'application/problem+json' });
  expect(JSON.parse(answer.text)).toMatchObject({
    type: `https://quorate.dev/problems/${code}`,
    status,
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
  });
});

test('an expectation that nobody knows is ignored', async () => {
  const bytes = `GET /health HTTP/1.1\r\n${host}\r\nexpect: everything\r\n\r\n`;
  expect(await sendRaw(demo.gateway.url, bytes, patience)).toMatchObject({ status: 200 });
});
