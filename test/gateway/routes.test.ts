/**
 * The gateway over a whole federation that replays the shipped recording.
 */
import type { Static } from 'typebox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildServer } from '#gateway/server.ts';
import type { ProvedAuditWire } from '#gateway/views/audit.ts';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { fromHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { leafHash, verifyInclusion } from '#protocols/merkle/proof.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { verifyDocument } from '#protocols/verify-document.ts';
import { openVerifiers } from '#regions/offline.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';

let demo: Demo;
/** The tenant with a decision that waits, and another one. */
let tenant = '';
let stranger: string;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Ask {
  readonly as?: readonly Role[];
  readonly of?: string;
  readonly subject?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

// The replay goes on while the tests ask; what waits for people stays as it is.
beforeAll(async () => {
  demo = await startDemo();
  await vi.waitFor(findTenant, { timeout: 60_000, interval: 100 });
  stranger = demo.region.tenants().find((id) => id !== tenant) ?? '';
}, 70_000);

/** A tenant with a decision that waits and with signals of the gateway's own region. */
async function findTenant(): Promise<void> {
  for (const id of demo.region.tenants()) {
    const waiting = await demo.region.pending(id);
    const { items: signals } = await demo.region.signals(id, { limit: 1 });
    if (waiting.length > 0 && signals.length > 0 && demo.region.risk(id)) tenant = id;
  }
  if (tenant === '') throw new Error('no decision waits yet');
}

afterAll(() => demo?.close());

async function ask(path: string, options: Ask = {}): Promise<Answer> {
  const { as = ['viewer'], of = tenant, subject = 'alice', body } = options;
  const token = await demo.token(of, subject, as);
  const response = await fetch(`${demo.gateway.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : {},
  };
}

async function firstPending(): Promise<string> {
  const { body } = await ask(`/pending/${tenant}`);
  const [first] = body.items as readonly { proposal_id: string }[];
  if (!first) throw new Error('the demo has a decision that waits');
  return first.proposal_id;
}

test('health, readiness, metrics and the OpenAPI document need no token', async () => {
  for (const path of ['/health', '/livez', '/readyz', '/ready', '/metrics', '/openapi.json']) {
    const response = await fetch(`${demo.gateway.url}${path}`);
    expect([path, response.status]).toEqual([path, 200]);
  }
  const health = await (await fetch(`${demo.gateway.url}/health`)).json();
  expect(health).toMatchObject({ status: 'ok', mode: 'simulation', version: '0.0.0-test' });
  const metrics = await (await fetch(`${demo.gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/^quorate_signals_total/m);
});

test('every other route refuses a request without a token', async () => {
  for (const path of ['/proposals', '/pending/acme', '/audit/head', '/signals', '/federation']) {
    const response = await fetch(`${demo.gateway.url}${path}`);
    expect([path, response.status]).toEqual([path, 401]);
  }
});

test('the OpenAPI document describes every route and refers only to what it holds', async () => {
  const response = await fetch(`${demo.gateway.url}/openapi.json`);
  const document = (await response.json()) as {
    openapi: string;
    paths: Record<string, unknown>;
    components: { schemas: Record<string, unknown> };
  };
  expect(document.openapi).toBe('3.1.0');
  for (const path of ['/proposals', '/proposals/{id}', '/approve/{id}', '/audit/{id}/proof']) {
    expect(Object.keys(document.paths)).toContain(path);
  }
  const text = JSON.stringify(document);
  const referred = new Set(
    [...text.matchAll(/#\/components\/schemas\/([A-Za-z0-9]+)/g)].map(([, name]) => name),
  );
  expect(referred.size).toBeGreaterThan(3);
  for (const name of referred) expect(document.components.schemas).toHaveProperty([name ?? '']);
  expect(text).not.toContain('"$id"');
});

test('proposals are listed in pages that together hold each once', async () => {
  const ids: string[] = [];
  let path: string | null = '/proposals?limit=1';
  while (path) {
    const { status, body } = await ask(path);
    expect(status).toBe(200);
    const page = body as unknown as { items: ProposalWire[]; next: string | null };
    expect(page.items.length).toBeLessThanOrEqual(1);
    ids.push(...page.items.map((item) => item.proposal_id));
    path = page.next && `/proposals?limit=1&cursor=${encodeURIComponent(page.next)}`;
  }
  expect(ids.length).toBeGreaterThan(0);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a proposal shows its votes, certificate, dry-run and gate', async () => {
  const { status, body, headers } = await ask(`/proposals/${await firstPending()}`);
  const proposal = body as unknown as ProposalWire;
  expect(status).toBe(200);
  expect(headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
  expect(proposal.status).toBe('pending-approval');
  expect(new Set(proposal.votes.map((vote) => vote.region)).size).toBeGreaterThanOrEqual(2);
  expect(proposal.certificate?.value).toBe(proposal.digest);
  expect(proposal.dry_run?.verdict).toBe('pass');
  expect(proposal.gate?.approvals.length).toBeGreaterThan(0);
});

test('what another tenant owns is 404 to read and 403 to write, the unknown is 404', async () => {
  const id = await firstPending();
  const verdict = { verdict: 'deny', reason: 'not mine' };
  const as: readonly Role[] = ['approver'];
  expect((await ask(`/proposals/${id}`, { of: stranger })).status).toBe(404);
  expect((await ask(`/audit/${id}`, { of: stranger })).status).toBe(404);
  expect((await ask(`/audit/${id}/proof`, { of: stranger })).status).toBe(404);
  expect((await ask(`/pending/${tenant}`, { of: stranger })).status).toBe(404);
  expect((await ask(`/risk/${tenant}`, { of: stranger })).status).toBe(404);
  expect((await ask(`/approve/${id}`, { of: stranger, as, body: verdict })).status).toBe(403);
  for (const unknown of ['p1', '0'.repeat(64)]) {
    expect((await ask(`/proposals/${unknown}`)).status).toBe(404);
    expect((await ask(`/audit/${unknown}`)).status).toBe(404);
    expect((await ask(`/approve/${unknown}`, { as, body: verdict })).status).toBe(404);
  }
});

test('a receipt from the gateway verifies offline', async () => {
  const proof = await ask(`/audit/${await firstPending()}/proof`);
  expect(proof.status).toBe(200);
  const trust = { root: demo.federation.trustRoot, verifiers: openVerifiers() };
  const answer = verifyDocument(new TextEncoder().encode(proof.text), trust);
  expect(answer).toMatchObject({ ok: true, kind: 'receipt' });
});

test('the audit head verifies offline, and the log behind it holds', async () => {
  const head = await ask('/audit/head');
  const trust = { root: demo.federation.trustRoot, verifiers: openVerifiers() };
  const answer = verifyDocument(new TextEncoder().encode(head.text), trust);
  expect(answer).toMatchObject({ ok: true, kind: 'audit-head' });
  const verified = await ask('/audit/verify', { as: ['operator'] });
  expect(verified.body).toMatchObject({ ok: true, region: demo.region.id });
});

test('the audit trail of a decision begins before its certificate', async () => {
  const { body } = await ask(`/audit/${await firstPending()}`);
  const steps = (body.items as { step: string }[]).map(({ step }) => step);
  expect(steps).toContain('certificate');
  expect(steps).toContain('dry-run');
});

test('risk and signals are those of the tenant of the token', async () => {
  const risk = await ask(`/risk/${tenant}`);
  expect(risk.status).toBe(200);
  expect(risk.body).toMatchObject({ tenant_id: tenant });
  const { body } = await ask('/signals?limit=2');
  const { items } = body as unknown as { items: { signal_id: string; severity: string }[] };
  expect(items.length).toBeGreaterThan(0);
  const none = await ask('/signals?since=2999-01-01T00:00:00Z');
  expect(none.body.items).toEqual([]);
  expect((await ask('/signals?since=yesterday')).body).toMatchObject({ field: 'since' });
});

test('the federation shows its members', async () => {
  const { body } = await ask('/federation');
  const { members } = body as unknown as { members: { id: string; state: string }[] };
  expect(members.map(({ id }) => id).sort()).toEqual(
    demo.federation.regions.map(({ id }) => id).sort(),
  );
  expect(members.every(({ state }) => state === 'ready')).toBe(true);
});

test.each([
  ['/proposals', { manifest: {} }, 400, 'manifest'],
  ['/proposals', { manifest: { target: 'x', action: 'fly' } }, 400, 'manifest.action'],
  ['/proposals', { manifest: { target: 'x', action: 'scale' } }, 400, 'manifest.action'],
  ['/proposals', { manifest: { target: 'x', action: 'scale' }, more: 1 }, 400, 'more'],
  [
    '/proposals',
    { tenant_id: 'elsewhere', manifest: { target: 'x', action: 'scale' } },
    403,
    'tenant_id',
  ],
  [
    '/proposals',
    { manifest: { target: 'elsewhere/x', action: 'scale', replicas: 2 } },
    403,
    'target',
  ],
  ['/stop', { action: 'explode', reason: 'x' }, 400, 'action'],
  ['/stop', { action: 'pause' }, 400, 'reason'],
])('POST %s with %o is %i and names the field', async (path, body, status, field) => {
  const answer = await ask(path, { as: ['operator'], body });
  expect([answer.status, answer.body.field]).toEqual([
    status,
    expect.stringContaining(field) as unknown as string,
  ]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
});

test('JSON sent as a form is accepted with a token, and a real form is not', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const as: readonly Role[] = ['operator'];
  const json = JSON.stringify({ manifest: { target: 'x', action: 'fly' } });
  const accepted = await ask('/proposals', { as, headers, body: json });
  expect(accepted.body).toMatchObject({ field: 'manifest.action' });
  const form = await ask('/proposals', { as, headers, body: 'a=1&b=2' });
  expect(form.status).toBe(400);
  expect(form.body).toMatchObject({ field: 'body' });
});

test('a viewer may look, not act', async () => {
  const stop = await ask('/stop', { body: { action: 'pause', reason: 'x' } });
  expect(stop.status).toBe(403);
});

test('a verdict on a stale view is refused, one by somebody else too', async () => {
  const id = await firstPending();
  const body = { verdict: 'approve', reason: 'looks right' };
  const as: readonly Role[] = ['approver'];
  const stale = await ask(`/approve/${id}`, { as, body, headers: { 'if-match': '"old"' } });
  expect(stale.status).toBe(409);
  const other = await ask(`/approve/${id}`, { as, body: { ...body, approver: 'bob' } });
  expect(other.status).toBe(403);
  const unknown = await ask(`/approve/${id}`, { as, subject: 'mallory', body });
  expect(unknown.status).toBe(403);
});

test('in production an unsigned manifest and an unsigned verdict are refused', async () => {
  const { region } = demo;
  // The same region, told that it is in production: what the gateway asks is its mode.
  const production = new Proxy(region, {
    get: (target, key) => {
      if (key === 'mode') return 'production';
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const app = buildServer({ ...demo.context, region: production });
  const headers = { authorization: `Bearer ${await demo.token(tenant, 'alice', ['org-admin'])}` };
  const manifest = { target: 'x', action: 'scale', replicas: 1 };
  for (const [url, payload] of [
    ['/proposals', { manifest }],
    [`/approve/${await firstPending()}`, { verdict: 'approve', reason: 'x' }],
  ] as const) {
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    expect([url, answer.statusCode]).toEqual([url, 403]);
    expect(answer.json().detail).toContain('P2');
  }
  await app.close();
});

// Runs last: it changes what waits.
test('the approvals that the gate asks for release the decision', async () => {
  const id = await firstPending();
  const body = { verdict: 'approve', reason: 'checked the dry-run' };
  const as: readonly Role[] = ['approver'];
  const etag = (await ask(`/proposals/${id}`)).headers.get('etag') ?? '';
  const first = await ask(`/approve/${id}`, { as, body, headers: { 'if-match': etag } });
  expect(first.status).toBe(200);
  const { gate } = first.body as unknown as Pick<ProposalWire, 'gate'>;
  if (gate?.approvals.length) {
    const second = await ask(`/approve/${id}`, { as, body, subject: 'bob' });
    expect(second.status).toBe(200);
  }
  const statusNow = async () => (await ask(`/proposals/${id}`)).body.status;
  await expect.poll(statusNow, { timeout: 10_000 }).toBe('enacted');
});

test('every entry of a trace is proved to be in the log', async () => {
  const { body } = await ask(`/audit/${await firstPending()}`);
  const shown = body.items as readonly Static<typeof ProvedAuditWire>[];
  expect(shown.length).toBeGreaterThan(3);
  for (const { seq, inclusion } of shown) {
    const { items } = await demo.region.entries(tenant, seq, 1);
    const leaf = leafHash(canonicalBytes(items[0]));
    const place = { index: seq, size: inclusion.size };
    const path = inclusion.path.map(fromHex);
    expect(verifyInclusion({ ...place, leaf }, path, fromHex(inclusion.root))).toBe(true);
  }
});

test('what is stopped can be read, by its own tenant alone', async () => {
  const reason = 'to see it listed';
  const order = { action: 'pause', reason };
  const { status } = await ask('/stop', { as: ['operator'], of: stranger, body: order });
  expect(status).toBe(200);
  const { body } = await ask('/stop', { of: stranger });
  const [stop] = (body.items as readonly Record<string, unknown>[]).slice(-1);
  expect(stop).toMatchObject({ action: 'pause', tenant_id: stranger, target: null, reason });
  expect((await ask('/stop')).text).not.toContain(reason);
});
