/**
 * `GET /events` over real sockets, while a whole federation replays the shipped recording.
 */
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Role } from '#protocols/messages/manifest.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';
import { answerTo, connectEvents, EventReader } from '#test/support/sse.ts';

let demo: Demo;
let tenant: string;
let stranger: string;

beforeAll(async () => {
  demo = await startDemo({ 'limits.eventStreamsPerSubjectMax': 3 });
  [tenant = '', stranger = ''] = demo.region.tenants();
}, 60_000);

afterAll(() => demo?.close());

interface As {
  readonly of?: string;
  readonly subject?: string;
  readonly roles?: readonly Role[];
  readonly ttlSeconds?: number;
}

function tokenOf({ of = tenant, subject = 'alice', roles = ['viewer'], ttlSeconds = 600 }: As) {
  return demo.issuer.mint({ tenant: of, subject, roles, ttlSeconds });
}

async function connect(reader: EventReader, as: As = {}, query = '') {
  const headers = { authorization: `Bearer ${await tokenOf(as)}` };
  return connectEvents(`${demo.gateway.url}/events${query}`, { headers, reader });
}

/** The answer to a request that is not expected to go on. */
async function ask(query: string, more: Readonly<Record<string, string>> = {}, as: As = {}) {
  const authorization = `Bearer ${await tokenOf(as)}`;
  const response = await answerTo(`${demo.gateway.url}/events${query}`, { authorization, ...more });
  const type = response.headers['content-type'];
  const isProblem = type?.startsWith('application/problem+json');
  const body = isProblem ? ((await json(response)) as Record<string, unknown>) : {};
  response.destroy();
  return { status: response.statusCode, type, headers: response.headers, body };
}

/** What the log holds of a tenant, as the region itself says. */
async function logged(of: string, from = 0): Promise<readonly number[]> {
  const seqs: number[] = [];
  for (let at = from; at < demo.region.auditHead().size; ) {
    const page = await demo.region.entries(of, at, 500);
    seqs.push(...page.items.map(({ seq }) => seq));
    at = page.next;
  }
  return seqs;
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 30_000, interval: 20 });
}

// Runs while the recording is replayed: entries become durable while the client is away, while
// it reads pages, and after it is up to date.
test('a client that is cut off again and again misses nothing and sees nothing twice', async () => {
  const reader = new EventReader('-1');
  const other = new EventReader('-1');
  const whole = await connect(other, { of: stranger });
  for (let cut = 1; cut <= 5; cut += 1) {
    const connection = await connect(reader);
    await until(() => reader.seqs.length >= cut * 5);
    connection.close();
    expect(await connection.ended).toBe('broken');
    const { size } = demo.region.auditHead();
    await until(() => demo.region.auditHead().size > size + 20);
  }
  const connection = await connect(reader);
  await demo.federation.settled();
  const expected = await logged(tenant);
  await until(() => reader.seqs.length >= expected.length);
  expect(reader.seqs).toEqual(expected);
  expect(reader.entries.every(({ tenant_id }) => tenant_id === tenant)).toBe(true);
  const theirs = await logged(stranger);
  await until(() => other.seqs.length >= theirs.length);
  expect(other.seqs).toEqual(theirs);
  expect(other.entries.every(({ tenant_id }) => tenant_id === stranger)).toBe(true);
  connection.close();
  whole.close();
}, 90_000);

test('an entry reaches who watches with its data as the audit log shows them', async () => {
  const reader = new EventReader();
  const connection = await connect(reader);
  await until(() => reader.events.length > 0);
  const { size } = JSON.parse(reader.events[0]?.data ?? '{}') as { size: number };
  expect(reader.events[0]?.type).toBe('head');
  expect(reader.lastId).toBe(String(size - 1));
  const caller = { subject: 'op', tenant, roles: ['operator' as const] };
  await demo.region.stop(caller, { action: 'pause', reason: 'shows up at once' });
  await until(() => reader.entries.length > 0);
  const [entry] = (await demo.region.entries(tenant, size, 1)).items;
  expect(reader.entries[0]).toMatchObject({ seq: entry?.seq, why: entry?.reason, step: 'stop' });
  connection.close();
});

test('the answer is a stream that nobody stores or holds back', async () => {
  const { status, type, headers } = await ask('');
  expect([status, type]).toEqual([200, 'text/event-stream']);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  const head = await fetch(`${demo.gateway.url}/events`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${await tokenOf({})}` },
  });
  expect(head.status).toBe(404);
});

test.each([
  'yesterday',
  '-2',
  '1.5',
  '1e3',
  '007',
  '',
  '999999999999',
  '9999999999999',
])('the id %j is refused before the stream begins, in the query and in the header', async (id) => {
  const asked = await ask(`?after=${id}`);
  expect([asked.status, asked.type]).toEqual([400, 'application/problem+json; charset=utf-8']);
  expect(asked.body).toMatchObject({ field: expect.stringMatching(/after|querystring/) });
  // fetch leaves out a header without a value.
  if (id === '') return;
  expect((await ask('', { 'last-event-id': id })).status).toBe(400);
});

test('an unknown parameter is refused, and the header wins over the query', async () => {
  expect((await ask('?since=1')).status).toBe(400);
  const seqs = await logged(tenant);
  const reader = new EventReader(String(seqs[9]));
  const connection = await connect(reader, {}, '?after=-1');
  await until(() => reader.seqs.length > 0);
  connection.close();
  expect(reader.seqs[0]).toBe(seqs[10]);
});

test('without a token there is no stream', async () => {
  const response = await fetch(`${demo.gateway.url}/events`);
  expect(response.status).toBe(401);
  const forged = await fetch(`${demo.gateway.url}/events`, {
    headers: { authorization: 'Bearer e30.e30.e30' },
  });
  expect(forged.status).toBe(401);
});

test('one caller opens a few streams, and then 429 until one is closed', async () => {
  const as = { subject: 'carol' };
  const open = await Promise.all([1, 2, 3].map(() => connect(new EventReader(), as)));
  const refused = await ask('', {}, as);
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ retryable: true });
  const other = await connect(new EventReader(), { subject: 'dave' });
  open[0]?.close();
  await vi.waitFor(async () => open.push(await connect(new EventReader(), as)));
  for (const connection of [...open, other]) connection.close();
});

test('a stream ends with the token it was opened with', async () => {
  const reader = new EventReader();
  const connection = await connect(reader, { ttlSeconds: 1 });
  expect(await connection.ended).toBe('ended');
  expect(reader.events.at(-1)).toEqual({ type: 'end', data: '{"reason":"expired"}' });
});

test("a console's stream ends when its session is left", async () => {
  const reader = new EventReader();
  const { url } = demo.gateway;
  const cookie = await demo.login({ tenants: [tenant] });
  const connection = await connectEvents(`${url}/events`, { headers: { cookie }, reader });
  const left = await fetch(`${url}/session`, {
    method: 'DELETE',
    headers: { cookie, origin: url },
  });
  expect(left.status).toBe(204);
  expect(await connection.ended).toBe('ended');
  expect(reader.events.at(-1)).toEqual({ type: 'end', data: '{"reason":"signed-out"}' });
});

test('the metrics tell how many watch and what they were sent', async () => {
  const connection = await connect(new EventReader());
  const text = await (await fetch(`${demo.gateway.url}/metrics`)).text();
  expect(text).toMatch(/^quorate_event_streams\{[^}]*\} [1-9]/m);
  expect(text).toMatch(/^quorate_events_sent_total\{[^}]*\} [1-9]\d{2}/m);
  expect(text).toMatch(/^quorate_event_streams_slow_total\{[^}]*\} 0/m);
  connection.close();
});

// Runs last: the gateway is gone after it.
test('a gateway that stops ends its streams at once and says when to come back', async () => {
  const readers = [new EventReader(), new EventReader()];
  const connections = await Promise.all(readers.map((reader) => connect(reader)));
  const begun = performance.now();
  await demo.gateway.close();
  expect(performance.now() - begun).toBeLessThan(demo.config.limits.drainMs);
  expect(await Promise.all(connections.map(({ ended }) => ended))).toEqual(['ended', 'ended']);
  for (const reader of readers) {
    expect(reader.events.at(-1)).toEqual({ type: 'end', data: '{"reason":"draining"}' });
    expect(reader.retryMs).toBeGreaterThan(0);
  }
});
