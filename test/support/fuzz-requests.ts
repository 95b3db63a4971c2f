/**
 * Requests for a fuzzer: valid ones from a route's own schemas, and the same with one thing wrong.
 *
 * Who calls is a name; the token is put in when the request is sent, so that a failing request can
 * be printed and repeated.
 */
import fc from 'fast-check';
import type { Route } from './http-routes.ts';
import { arbitraryOf, type SchemaSource } from './schema-arbitrary.ts';

export const callers = [
  'owner',
  'viewer',
  'stranger',
  'session',
  'nobody',
  'forger',
  'expired',
] as const;
export type CallerName = (typeof callers)[number];

export interface FuzzRequest {
  readonly kind: 'valid' | 'near-valid';
  readonly caller: CallerName;
  readonly method: string;
  /** The template, for the statistics. */
  readonly route: string;
  /** As on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Parts {
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** A request that the route's schemas accept, by somebody who may make it. */
export function validRequest(route: Route, source: SchemaSource): fc.Arbitrary<FuzzRequest> {
  const writers: readonly CallerName[] = ['owner', 'session'];
  return fc
    .tuple(partsOf(route, source), fc.constantFrom(...writers))
    .map(([parts, caller]) => ({ ...written(route, parts), kind: 'valid', caller }));
}

function partsOf({ operation }: Route, source: SchemaSource): fc.Arbitrary<Parts> {
  const { parameters = [], requestBody } = operation;
  const group = (place: 'path' | 'query') => {
    const found = parameters.filter((parameter) => parameter.in === place);
    const fields = found.map(({ name, schema }) => [name, arbitraryOf(schema, source, name)]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: found.filter(({ required }) => required).map(({ name }) => name),
    });
  };
  const schema = requestBody?.content['application/json']?.schema;
  return fc.record({
    path: group('path'),
    query: group('query'),
    body: schema ? arbitraryOf(schema, source) : fc.constant(undefined),
  });
}

function written(route: Route, { path, query, body }: Parts) {
  const filled = route.path.replaceAll(/\{([^}]*)\}/g, (_all, name: string) =>
    encodeURIComponent(String(path[name])),
  );
  const pairs = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  return {
    method: route.method,
    route: route.path,
    path: pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

/** Values that are seldom expected anywhere. */
const odd = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  1e308,
  0.1,
  '',
  ' ',
  '\u0000',
  '\u202e\ufeff💥é',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '__proto__',
  'constructor',
  'x'.repeat(5000),
  [],
  [[[[]]]],
  {},
  { toString: 1 },
  '2026-02-30T00:00:00Z',
  '99999999999999999999',
);

const oddHeaders: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  ['idempotency-key', fc.constantFrom('k', 'a'.repeat(4000), '"', 'é', '\t', '{}', '1')],
  ['if-match', fc.constantFrom('*', '"x"', 'W/"x"', '', '","', 'a'.repeat(4000))],
  ['if-none-match', fc.constantFrom('*', '"x"', '')],
  ['last-event-id', fc.constantFrom('0', '-1', '1e9', 'x', '', '9'.repeat(40))],
  ['origin', fc.constantFrom('null', 'http://evil.example', 'x', '')],
  ['host', fc.constantFrom('evil.example', '127.0.0.1', 'localhost:1', '[::1')],
  ['x-forwarded-for', fc.constantFrom('1.2.3.4', 'x', ','.repeat(500))],
  ['x-forwarded-proto', fc.constantFrom('https', 'x')],
  ['accept', fc.constantFrom('text/html', 'x', '*/*;q=zzz')],
  ['accept-encoding', fc.constantFrom('br', 'x', 'gzip;q=-1')],
  ['range', fc.constantFrom('bytes=0-1', 'bytes=-0', 'x')],
  ['cookie', fc.constantFrom('quorate_session=%%%', '=', ';;;', 'a=b; quorate_session=', 'é=1')],
  ['authorization', fc.constantFrom('Bearer', 'Basic x', 'Bearer a b', 'Bearer ..', 'bearer é')],
  ['content-type', fc.constantFrom('text/xml', 'application/json; charset=utf-16', 'x', '/')],
];

const oddHeader = fc.oneof(
  ...oddHeaders.map(([name, values]) => values.map((value) => [name, value] as const)),
);

/** A valid request with one thing changed; `foreign` ids belong to another tenant. */
export function nearlyValid(
  route: Route,
  source: SchemaSource & { readonly foreign: readonly string[] },
): fc.Arbitrary<FuzzRequest> {
  const mutations: fc.Arbitrary<(parts: FuzzRequest) => FuzzRequest>[] = [
    fc.constantFrom(...callers).map((caller) => (request) => ({ ...request, caller })),
    oddHeader.map(
      ([name, value]) =>
        (request) =>
          withHeader(request, name, value),
    ),
    fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), odd).map(
      ([name, value]) =>
        (request) =>
          withQuery(request, name, value),
    ),
    fc
      .oneof(odd, fc.constantFrom(...source.foreign))
      .map((value) => (request) => withPathPart(request, value)),
    fc.tuple(fc.nat(), odd).map(
      ([at, value]) =>
        (request) =>
          withBodyValue(request, at, value),
    ),
    fc
      .constantFrom(
        '"__proto__":{"isAdmin":true}',
        '"constructor":{"prototype":{"x":1}}',
        '"extra":1',
        '"":0',
        '"tenant_id":"nobody"',
        '"tenant_id":null',
        '"tenant_id":{"a":1}',
      )
      .map((member) => (request) => withMember(request, member)),
    fc
      .nat()
      .map((at) => (request) => ({ ...request, body: request.body?.slice(0, at % 200) ?? '' })),
    fc
      .constantFrom('PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND')
      .map((method) => (request) => ({ ...request, method })),
  ];
  return fc
    .tuple(validRequest(route, source), fc.oneof(...mutations))
    .map(([request, mutate]) => ({ ...mutate(request), kind: 'near-valid' }));
}

function withHeader(request: FuzzRequest, name: string, value: string): FuzzRequest {
  // On the wire a header is bytes; Node refuses to send others than Latin-1.
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  return { ...request, headers: { ...request.headers, [name]: bytes } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withQuery(request: FuzzRequest, name: string, value: unknown): FuzzRequest {
  const pair = `${encodeURIComponent(name)}=${encodeURIComponent(textOf(value))}`;
  return { ...request, path: `${request.path}${request.path.includes('?') ? '&' : '?'}${pair}` };
}

function withPathPart(request: FuzzRequest, value: unknown): FuzzRequest {
  const [path = '', query] = request.path.split('?');
  const parts = path.split('/');
  const changed = [...parts.slice(0, -1), encodeURIComponent(textOf(value))].join('/');
  return { ...request, path: query === undefined ? changed : `${changed}?${query}` };
}

/** Replaces one value of the body, wherever it stands. */
function withBodyValue(request: FuzzRequest, at: number, value: unknown): FuzzRequest {
  if (request.body === undefined) return { ...request, body: JSON.stringify(value) };
  const places: number[] = [0];
  JSON.parse(request.body, (_key, item: unknown) => {
    places.push(places.length);
    return item;
  });
  const wanted = at % places.length;
  let seen = 0;
  const changed: unknown = JSON.parse(request.body, (_key, item: unknown) => {
    seen += 1;
    return seen === wanted ? value : item;
  });
  return { ...request, body: JSON.stringify(changed) };
}

/** As text, because an object of ours could not hold the name twice or `__proto__` at all. */
function withMember(request: FuzzRequest, member: string): FuzzRequest {
  const body = request.body ?? '{}';
  if (!body.startsWith('{')) return { ...request, body: `{${member}}` };
  const inner = body.slice(1, -1);
  const doubled = inner === '' ? member : `${inner},${inner},${member}`;
  return { ...request, body: `{${doubled}}` };
}
