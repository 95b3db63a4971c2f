/**
 * Bytes that are hardly HTTP, or hardly JSON, for a fuzzer to throw at a socket.
 */
import { connect } from 'node:net';
import fc from 'fast-check';

export interface RawRequest {
  readonly kind: 'garbage';
  /** Latin-1, so that every byte can be said. `{token}` stands for a bearer token. */
  readonly bytes: string;
  readonly what: string;
}

export interface RawAnswer {
  /** 0 when the connection was closed without a word. */
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const badJson = fc.constantFrom(
  '',
  '{',
  '{"a":',
  '{"a":1,}',
  "{'a':1}",
  'nul',
  '"',
  'NaN',
  '\ufeff{}',
  '{"\\ud800":1}',
  '\u00ff\u00fe',
  '{}{}',
  '1e999',
  '['.repeat(20_000),
  '{"a":'.repeat(5000),
  `{"a":"${'x'.repeat(100_000)}"}`,
);

const contentTypes = fc.constantFrom(
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'text/xml',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json;;;',
  ';',
  '',
  '\u00ff',
);

const badPaths = fc.constantFrom(
  '/proposals/%',
  '/proposals/%E0%A4%A',
  '/audit/%00',
  '/audit/%2e%2e/log',
  '/%',
  '//',
  '/..%2f..%2f..%2fetc/passwd',
  '/assets/..%2f..%2f..%2fpackage.json',
  '/assets/%2e%2e/%2e%2e/server.ts',
  '/docs/static/..%2f..%2fpackage.json',
  '/docs/static/%2e%2e/index.js',
  '/docs/%00',
  '/proposals?%',
  '/proposals?limit=%FF',
  '/proposals?limit[]=1&limit[a]=2',
  '/proposals?__proto__=1&constructor=2',
  '/signals?since=%00&since=1',
  '/events?after=-1',
  '/events?after=99999999999999999999',
  `/audit/${'a'.repeat(5000)}`,
  `/proposals?cursor=${'a'.repeat(15_000)}`,
  'http://evil.example/proposals',
  '*',
  '/proposals#x',
  '/PROPOSALS',
  '/proposals/',
  '/\u00e9',
);

const badHeaders = fc.constantFrom(
  `x-big: ${'a'.repeat(20_000)}`,
  Array.from({ length: 3000 }, (_, index) => `x${index}: 1`).join('\r\n'),
  'content-length: 5',
  'content-length: -1',
  'content-length: 1\r\ncontent-length: 2',
  'transfer-encoding: chunked\r\ncontent-length: 3',
  'transfer-encoding: gzip',
  'expect: 100-continue',
  'expect: everything',
  'upgrade: websocket\r\nconnection: upgrade',
  'cookie: quorate_session=eyJhbGciOiJub25lIn0.e30.',
  `cookie: ${'a=b; '.repeat(2000)}`,
  'cookie: quorate_session=%; quorate_session=%%; =',
  'authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
  'authorization: \u00ff',
  'no colon at all',
  ' : folded',
  'x-null: a\u0000b',
  'connection: close, close, x',
);

const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'FOO', 'get');
const versions = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', 'SPDY/3', '');

/** Whole requests with one thing that no client would send, to the paths given. */
export function rawRequest(paths: readonly string[]): fc.Arbitrary<RawRequest> {
  const known = fc.constantFrom(...paths);
  const auth = 'authorization: Bearer {token}';
  return fc.oneof(
    fc.tuple(known, contentTypes, badJson).map(([path, type, body]) => {
      const headers = [auth, `content-type: ${type}`, `content-length: ${body.length}`];
      return raw(`bad body to ${path}`, ['POST', path, 'HTTP/1.1'], headers, body);
    }),
    badPaths.map((path) => raw('bad path', ['GET', path, 'HTTP/1.1'], [auth])),
    fc
      .tuple(known, badHeaders)
      .map(([path, header]) => raw('bad header', ['GET', path, 'HTTP/1.1'], [auth, header])),
    fc
      .tuple(methods, known, versions)
      .map((line) => raw('bad request line', line, [auth, 'content-length: 0'])),
    fc
      .string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 200 })
      .map((text) => ({ kind: 'garbage' as const, bytes: `${text}\r\n\r\n`, what: 'noise' })),
    known.map((path) => ({
      kind: 'garbage' as const,
      bytes: `GET ${path} HTTP/1.1\r\n${auth}\r\nconnection: close\r\n\r\n`,
      what: 'no host',
    })),
  );
}

function raw(
  what: string,
  line: readonly string[],
  headers: readonly string[],
  body = '',
): RawRequest {
  const head = [line.join(' ').trim(), 'host: localhost', 'connection: close', ...headers];
  return { kind: 'garbage', what, bytes: `${head.join('\r\n')}\r\n\r\n${body}` };
}

export interface Patience {
  /** A server that waits for more hears then that there is no more, and may give up. */
  readonly silenceMs: number;
  readonly totalMs: number;
}

/** Sends the bytes and reads what comes until the server closes. */
export function sendRaw(
  url: string,
  bytes: string,
  { silenceMs, totalMs }: Patience,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection was still open after ${totalMs} ms: ${text.slice(0, 200)}`));
    }, totalMs);
    const patience = setTimeout(() => socket.end(), silenceMs);
    const finish = () => {
      clearTimeout(timer);
      clearTimeout(patience);
      resolve(parse(text));
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
      clearTimeout(patience);
      // An event stream never ends by itself.
      if (/^content-type: text\/event-stream/im.test(text)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', finish);
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

function parse(answer: string): RawAnswer {
  // `100 Continue` only announces.
  const text = answer.replace(/^HTTP\/1\.1 1\d\d[^\r]*\r\n\r\n/, '');
  const split = text.indexOf('\r\n\r\n');
  const head = split < 0 ? text : text.slice(0, split);
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0),
    type: /^content-type: ([^;\r\n]*)/im.exec(head)?.[1] ?? '',
    text: split < 0 ? '' : text.slice(split + 4),
  };
}
