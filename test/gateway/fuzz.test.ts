/**
 * Requests made from each route's own schemas, the same with one thing wrong, and plain garbage.
 *
 * Goal: no answer is a 500, none is late, every refusal is a problem of a known type, and nothing
 * says what its reader may not know. Method: fast-check over the served OpenAPI document, for some
 * seconds, or two minutes when everything is asked for. A failure prints the request; the seed of
 * a run is printed too, and QUORATE_SEED sets it.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemTypes } from '#gateway/errors.ts';
import { makeLoginCode } from '#gateway/login-codes.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import { type RawRequest, rawRequest, sendRaw } from '#test/support/fuzz-bytes.ts';
import { leaksIn, ownedBy, secretsOf } from '#test/support/fuzz-canaries.ts';
import {
  type CallerName,
  type FuzzRequest,
  nearlyValid,
  validRequest,
} from '#test/support/fuzz-requests.ts';
import { bearer, type GatewayWorld, openGatewayWorld } from '#test/support/gateway-world.ts';
import { type Route, routesOf } from '#test/support/http-routes.ts';
import { bodiesOf } from '#test/support/receipt-text.ts';
import { givenSeed, isThorough } from '#test/support/require.ts';
import type { SchemaSource } from '#test/support/schema-arbitrary.ts';

const fuzzMs = isThorough ? 120_000 : 5000;
const answerMsMax = 10_000;
/** How long noise is left to be taken for a request. */
const noiseMs = 250;
/** Until a route must have answered 2xx to one of the requests made for it. */
const triesMax = 100;
const loginCodes = 20;
const seed = givenSeed() ?? Date.now() % 2 ** 31;

let world: GatewayWorld;
let routes: readonly Route[];
let secrets: readonly string[];
const codes: string[] = [];
const headersOf = new Map<CallerName, Readonly<Record<string, string>>>();
/** `GET /proposals` -> `valid 200` -> how often. */
const distribution = new Map<string, Map<string, number>>();

beforeAll(async () => {
  world = await openGatewayWorld();
  routes = routesOf(world.document);
  secrets = secretsOf(world.demo.dataDir);
  await introduceCallers();
}, 90_000);

afterAll(() => world?.close());

async function introduceCallers(): Promise<void> {
  const { demo, own, stranger } = world;
  headersOf.set('owner', await bearer(demo, own.tenant, ['federation-admin']));
  headersOf.set('viewer', await bearer(demo, own.tenant, ['viewer'], 'victor'));
  headersOf.set('stranger', await bearer(demo, stranger.tenant, ['org-admin'], 'bob'));
  headersOf.set('nobody', {});
  const grant = { tenant: own.tenant, subject: 'alice', roles: ['org-admin'] } as const;
  const expired = await demo.issuer.mint({ ...grant, ttlSeconds: -3600 });
  headersOf.set('expired', { authorization: `Bearer ${expired}` });
  const forged = expired.replace(/\.[^.]*$/, `.${'A'.repeat(86)}`);
  headersOf.set('forger', { authorization: `Bearer ${forged}` });
  await logIn();
  while (codes.length < loginCodes) codes.push(await makeCode());
}

/** One is taken away with every login. */
function makeCode(): Promise<string> {
  const { demo, own } = world;
  const expiresAt = Date.now() + 3_600_000;
  const grant = { subject: 'alice', roles: ['org-admin'] as const, tenants: [own.tenant] };
  return makeLoginCode(demo.dataDir, { ...grant, expiresAt });
}

async function logIn(): Promise<void> {
  const { demo, own } = world;
  const cookie = await demo.login({ tenants: [own.tenant], roles: ['org-admin'] });
  headersOf.set('session', { cookie, origin: demo.gateway.url });
}

/** What makes a request for that route worth asking. */
function sourceOf({ path }: Route): SchemaSource {
  const { own, document } = world;
  const services = own.targets.map((target) => target.split('/')[1] ?? '');
  const known = path.startsWith('/incidents') ? own.incidents : own.decisions;
  const waiting = path.startsWith('/approve') ? own.waiting : known;
  return {
    components: document.components.schemas,
    seeds: {
      id: fc.oneof(fc.constantFrom(...waiting), fc.constantFrom(...known)),
      tenant: fc.constant(own.tenant),
      tenant_id: fc.constant(own.tenant),
      target: fc.constantFrom(...own.targets, ...services),
      service: fc.constantFrom(...services),
      approver: fc.constant('alice'),
      cursor: fc.constantFrom(...own.decisions, ...own.signals, '0', '1'),
      limit: fc.integer({ min: 1, max: 999 }).map(String),
      since: fc.constantFrom('2020-01-01T00:00:00Z', '2999-01-01T00:00:00.000Z'),
      from: fc.nat(200).map(String),
      after: fc.nat(200).map(String),
      code: fc.nat(loginCodes - 1).map((index) => codes[index]),
    },
  };
}

/** Sends it as its caller, counts the answer, and says what is wrong with it. */
async function judge(request: FuzzRequest): Promise<{ status: number; faults: string[] }> {
  const { method, path, body } = request;
  const headers = {
    ...headersOf.get(request.caller),
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...request.headers,
  };
  const started = performance.now();
  const answer = await world.send({ method, path, headers, ...(body !== undefined && { body }) });
  const faults = faultsOf(answer, method === 'HEAD');
  if (performance.now() - started > answerMsMax) faults.push('late');
  const asked = JSON.stringify([path, headers, body]);
  // Whoever holds a login code is whom it names.
  const hasLoggedIn = request.route === '/session' && method === 'POST' && answer.status === 201;
  if (hasLoggedIn) codes[codes.findIndex((code) => body?.includes(code))] = await makeCode();
  const forbidden = forbiddenTo(hasLoggedIn ? 'owner' : request.caller);
  const isReceipt = request.route === '/audit/{id}/proof' && answer.status === 200;
  const bodies = isReceipt && method !== 'HEAD' ? bodiesOf(JSON.parse(answer.text) as Receipt) : [];
  const said = [answer.headers, answer.text, ...bodies].join('\n');
  faults.push(...leaksIn(said, { asked, forbidden }));
  count(nameOf(request), `${request.kind} ${answer.status}`);
  if (request.route === '/session' && method === 'DELETE' && answer.status === 204) await logIn();
  return { status: answer.status, faults };
}

function forbiddenTo(caller: CallerName): readonly string[] {
  const { own, stranger } = world;
  const others = [...headersOf].filter(([name]) => name !== caller);
  const tokens = [...others.flatMap(([, headers]) => Object.values(headers)), ...codes];
  // The last part of a token, its signature, is what nobody else could make.
  const signatures = tokens.map((token) => token.slice(token.lastIndexOf('.') + 1));
  return [
    ...secrets,
    ...signatures.filter(isLong),
    ...ownedBy(caller === 'stranger' ? own : stranger),
  ];
}

/** Login codes are; the origin that a session sends along is no secret. */
function isLong(text: string): boolean {
  return text.length > 20;
}

function faultsOf(
  { status, type, text }: { status: number; type: string; text: string },
  isHead: boolean,
): string[] {
  // The console's page, before it is built, is for people.
  if (status === 503 && type === 'text/html') return [];
  if (status >= 500) return [`${status}: ${text.slice(0, 500)}`];
  if (status < 400 || isHead) return [];
  if (type !== 'application/problem+json') return [`${status} is ${type}: ${text.slice(0, 200)}`];
  const problem = JSON.parse(text) as { type: string; status: number };
  const isKnown = problemTypes.includes(problem.type) && problem.status === status;
  return isKnown ? [] : [`an unknown problem: ${text}`];
}

/** Methods that the route does not serve are counted together. */
function nameOf({ method, route }: FuzzRequest): string {
  const isServed = routes.some((one) => one.method === method && one.path === route);
  return isServed ? `${method} ${route}` : '(another method)';
}

function count(route: string, outcome: string): void {
  const counts = distribution.get(route) ?? new Map<string, number>();
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  distribution.set(route, counts);
}

/** What waits is approved before anything changes that, and a session ends last. */
function rankOf({ method, path }: Route): number {
  if (method === 'GET') return 0;
  if (path.startsWith('/approve')) return 1;
  return method === 'DELETE' ? 3 : 2;
}

test('every route answers 2xx to a request made from its own schemas', async () => {
  const unreached: string[] = [];
  const wrong: string[] = [];
  for (const route of routes.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const made = fc.sample(validRequest(route, sourceOf(route)), { numRuns: triesMax, seed });
    let isReached = false;
    for (const request of made) {
      const { status, faults } = await judge(request);
      if (faults.length > 0) wrong.push(`${faults.join(', ')} to ${JSON.stringify(request)}`);
      isReached = status >= 200 && status < 300;
      if (isReached) break;
    }
    if (!isReached) unreached.push(`${route.method} ${route.path}`);
  }
  expect({ wrong, unreached }).toEqual({ wrong: [], unreached: [] });
}, 60_000);

test(
  'whatever is asked, the answer is in time, of a known kind and says no secret',
  async () => {
    process.stdout.write(`fuzzing for ${fuzzMs} ms with QUORATE_SEED=${seed}\n`);
    const foreign = [...world.stranger.waiting, ...world.stranger.decisions].slice(0, 5);
    const requests = routes.flatMap((route) => [
      validRequest(route, sourceOf(route)),
      nearlyValid(route, { ...sourceOf(route), foreign: [...foreign, world.stranger.tenant] }),
    ]);
    const bytes = rawRequest(routes.map(({ path }) => path.replace(/\{[^}]*\}/, 'x')));
    const anything = fc.oneof(
      { arbitrary: fc.oneof(...requests), weight: 6 },
      { arbitrary: bytes, weight: 1 },
    );
    const run = await fc.check(
      fc.asyncProperty(anything, async (request) => {
        const faults =
          request.kind === 'garbage' ? await judgeRaw(request) : (await judge(request)).faults;
        if (faults.length > 0) throw new Error(faults.join('\n'));
      }),
      {
        seed,
        numRuns: Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: fuzzMs,
        markInterruptAsFailure: false,
      },
    );
    printDistribution();
    if (run.failed) throw new Error(reportOf(run));
    const { status } = await world.send({ method: 'GET', path: '/readyz', headers: {} });
    expect(status).toBe(200);
  },
  fuzzMs + 60_000,
);

/** Ten thousand times the same letter says no more than how often. */
function reportOf({
  errorInstance,
  counterexample,
  numRuns,
}: fc.RunDetails<[FuzzRequest | RawRequest]>): string {
  const request = shorten(JSON.stringify(counterexample?.[0], null, 2));
  return `after ${numRuns} requests, ${String(errorInstance)}\nto ${request}\nQUORATE_SEED=${seed}`;
}

function shorten(text: string): string {
  return text.replaceAll(
    /(.{1,9}?)\1{20,}/g,
    (all, unit: string) => `${unit}<${all.length / unit.length} times>`,
  );
}

async function judgeRaw({ bytes, what }: RawRequest): Promise<readonly string[]> {
  const token = headersOf.get('owner')?.authorization?.split(' ')[1] ?? '';
  const sent = bytes.replace('{token}', token);
  const silenceMs = what === 'noise' ? noiseMs : answerMsMax / 2;
  const patience = { silenceMs, totalMs: answerMsMax };
  const answer = await sendRaw(world.demo.gateway.url, sent, patience);
  count(`(${what.replace(/ to .*/, '')})`, String(answer.status));
  // Blank lines are no request yet.
  const isSilent = answer.status === 0 && what === 'noise';
  const faults = answer.status === 0 && !isSilent ? ['no answer'] : faultsOf(answer, false);
  const forbidden = forbiddenTo('owner');
  return [...faults, ...leaksIn(answer.text, { asked: sent, forbidden })];
}

function printDistribution(): void {
  const lines = [...distribution]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([route, counts]) => {
      const sorted = [...counts].toSorted(([a], [b]) => (a < b ? 1 : -1));
      const outcomes = sorted.map(([outcome, times]) => `${outcome}: ${times}`);
      return `${route.padEnd(28)} ${outcomes.join(', ')}`;
    });
  const times = [...distribution.values()].flatMap((counts) => [...counts.values()]);
  const total = times.reduce((sum, one) => sum + one, 0);
  process.stdout.write(`${lines.join('\n')}\n${total} requests\n`);
}
