/**
 * What the gateway tells about decisions, incidents and members, over a federation that has
 * replayed the shipped recording.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IncidentWire } from '#gateway/views/incident.ts';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { parseTrustRoot } from '#protocols/epochs/trust.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';

interface Items<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

let demo: Demo;
/** A tenant whose signals led to a decision, and that has seen one enacted; and another one. */
let tenant = '';
let stranger = '';

beforeAll(async () => {
  demo = await startDemo({ 'limits.requestsPerMinuteMax': 1_000_000 });
  await demo.federation.settled();
  for (const id of demo.region.tenants()) {
    const { items } = await demo.region.incidents(id, { limit: 100 });
    const enacted = await demo.region.proposals(id, { limit: 1 }, { status: 'enacted' });
    const leads = items.some(({ proposals }) => proposals.length > 0);
    if (leads && enacted.items.length > 0) tenant = id;
  }
  stranger = demo.region.tenants().find((id) => id !== tenant) ?? '';
}, 120_000);

afterAll(() => demo?.close());

async function ask(path: string, of = tenant): Promise<Response> {
  const authorization = `Bearer ${await demo.token(of, 'alice', ['viewer'])}`;
  return fetch(`${demo.gateway.url}${path}`, { headers: { authorization } });
}

async function get<T>(path: string, of = tenant): Promise<T> {
  const response = await ask(path, of);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as T;
}

async function incidents(of = tenant): Promise<readonly IncidentWire[]> {
  return (await get<Items<IncidentWire>>('/incidents?limit=200', of)).items;
}

test('the list of decisions narrows to a status and a target', async () => {
  const { items } = await get<Items<ProposalWire>>('/proposals?limit=200');
  const [some] = items;
  for (const status of new Set(items.map((item) => item.status))) {
    const found = await get<Items<ProposalWire>>(`/proposals?limit=200&status=${status}`);
    expect(found.items).toEqual(items.filter((item) => item.status === status));
  }
  const ofTarget = await get<Items<ProposalWire>>(`/proposals?limit=200&target=${some?.target}`);
  expect(ofTarget.items).toEqual(items.filter(({ target }) => target === some?.target));
  expect((await ask('/proposals?status=pondering')).status).toBe(400);
});

test('a decision shows who may vote, when each vote came, and when it was decided', async () => {
  const { items } = await get<Items<ProposalWire>>('/proposals?limit=200&status=enacted');
  const [one] = items;
  expect(one?.members).toEqual(demo.federation.regions.map(({ id }) => id).sort());
  expect(one?.quorum).toBe(2);
  const opened = Date.parse(one?.opened_at ?? '');
  const decided = Date.parse(one?.decided_at ?? '');
  expect(decided).toBeGreaterThanOrEqual(opened);
  for (const { at } of one?.votes ?? []) {
    expect(Date.parse(at ?? '')).toBeGreaterThanOrEqual(opened);
    expect(Date.parse(at ?? '')).toBeLessThanOrEqual(decided);
  }
});

test('every signal names its incident, and the incident has the signal', async () => {
  interface Signal {
    readonly signal_id: string;
    readonly incident_id: string;
  }
  const seen: Signal[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: Items<Signal> = await get(`/signals?limit=20${query}`);
    seen.push(...page.items);
    cursor = page.next;
  }
  const all = await incidents();
  const held = all.flatMap(({ incident_id, signals }) =>
    signals.map(({ signal_id }) => ({ signal_id, incident_id })),
  );
  const byId = (a: Signal, b: Signal) => (a.signal_id < b.signal_id ? -1 : 1);
  expect(seen.map(({ signal_id, incident_id }) => ({ signal_id, incident_id })).sort(byId)).toEqual(
    held.sort(byId),
  );
});

test('an incident leads to its risk, its recommendations and its decisions', async () => {
  const found = (await incidents()).find(({ proposals }) => proposals.length > 0);
  expect(found?.risk_id).toMatch(/^[0-9a-f]{64}$/);
  expect(found?.recommendations.length).toBeGreaterThan(0);
  expect(found?.services).toContain(found?.origin.service);
  expect(await get(`/incidents/${found?.incident_id}`)).toEqual(found);
  const trail = await get<Items<{ step: string; proposal_id: string | null }>>(
    `/audit/${found?.incident_id}?limit=200`,
  );
  const steps = trail.items.map(({ step }) => step);
  expect(steps).toEqual(expect.arrayContaining(['signal', 'risk', 'judgement']));
  const named = new Set(trail.items.map(({ proposal_id }) => proposal_id));
  for (const id of found?.proposals ?? []) expect(named).toContain(id);
});

test('an execution tells how far it has come, by the id of its decision', async () => {
  const { items } = await get<Items<ProposalWire>>('/proposals?limit=200&status=enacted');
  const own = items[0];
  const status = await get<Record<string, unknown>>(`/status/${own?.proposal_id}`);
  expect(status).toMatchObject({
    state: 'enacted',
    dry_run: false,
    pre_sha256: own?.executions[0]?.pre_sha256,
    post_sha256: own?.executions[0]?.post_sha256,
  });
  expect((status.steps as { step: string }[]).at(-1)?.step).toBe('outcome');
  expect(status.justification).not.toBe('');
  const ballot = await get<Record<string, number>>(`/negotiate/${own?.proposal_id}/status`);
  expect(ballot).toMatchObject({ state: 'enacted', quorum: 2, remaining_ms: 0 });
  const took = Date.parse(own?.decided_at ?? '') - Date.parse(own?.opened_at ?? '');
  expect(ballot.elapsed_ms).toBe(took);
});

test('the log of a tenant comes in order and in pages that join', async () => {
  interface Log {
    readonly items: readonly { readonly seq: number; readonly tenant_id: string }[];
    readonly next: number;
  }
  const seen: number[] = [];
  for (let from = 0; ; ) {
    const page: Log = await get(`/audit/log?from=${from}&limit=50`);
    expect(page.items.every(({ tenant_id }) => tenant_id === tenant)).toBe(true);
    seen.push(...page.items.map(({ seq }) => seq));
    if (page.items.length === 0) break;
    from = page.next;
  }
  expect(seen.length).toBeGreaterThan(50);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect((await ask('/audit/log?from=-1')).status).toBe(400);
});

test('the federation shows its members as this region knows them, and the trust root', async () => {
  const view = await get<{ members: readonly { id: string; state: string }[] }>('/federation');
  expect(view).toMatchObject({ epoch: 1, fault_model: 'crash', quorum: 2 });
  expect(view.members.map(({ id }) => id)).toEqual(
    demo.federation.regions.map(({ id }) => id).sort(),
  );
  expect(view.members.every(({ state }) => state === 'ready')).toBe(true);
  const root = parseTrustRoot(
    new Uint8Array(await (await ask('/federation/trust-root')).arrayBuffer()),
  );
  expect(root).toEqual({ ok: true, root: demo.federation.trustRoot });
});

test('what belongs to another tenant is not found', async () => {
  const [incident] = await incidents();
  const { items } = await get<Items<ProposalWire>>('/proposals?limit=1');
  for (const path of [
    `/incidents/${incident?.incident_id}`,
    `/audit/${incident?.incident_id}`,
    `/proposals/${items[0]?.proposal_id}`,
    `/status/${items[0]?.proposal_id}`,
    `/negotiate/${items[0]?.proposal_id}/status`,
  ]) {
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
    expect([path, (await ask(path, stranger)).status]).toEqual([path, 404]);
  }
});

const lists = ['/signals', '/incidents', '/proposals'];

test.each(lists)('%s refuses a cursor that is none', async (path) => {
  const answer = await ask(`${path}?cursor=nonsense`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ field: 'cursor' });
});
