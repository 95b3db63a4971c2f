/**
 * The contracts of the gateway, row by row: every served one answers as its row says.
 *
 * Ids come from earlier calls. Rows not served yet, and inputs not taken yet, are printed by name.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '#protocols/messages/manifest.ts';
import { type ApiRow, apiTable, lackingKeys, routeKey } from '#test/support/api-table.ts';
import {
  type Answered,
  bearer,
  type GatewayWorld,
  openGatewayWorld,
} from '#test/support/gateway-world.ts';
import { type Route, routesOf } from '#test/support/http-routes.ts';

/** Served besides the rows, each for its own reason. */
const additions = [
  // The console logs in and out, and changes tenants.
  'GET /session',
  'POST /session',
  'PUT /session',
  'DELETE /session',
  'GET /openapi.json',
  // What a verifier starts from; what an operator asks of a whole log; what is stopped now.
  'GET /federation/trust-root',
  'GET /audit/verify',
  'GET /stop',
];

let world: GatewayWorld;
let routes: readonly Route[];
/** The served routes by row. */
let served: ReadonlyMap<ApiRow, Route>;

beforeAll(async () => {
  world = await openGatewayWorld();
  const rows = new Map(apiTable.map((row) => [routeKey(row.method, row.path), row]));
  routes = routesOf(world.document);
  const pairs = routes.flatMap((route): [ApiRow, Route][] => {
    const row = rows.get(routeKey(route.method, route.path));
    return row ? [[row, route]] : [];
  });
  served = new Map(pairs);
}, 90_000);

afterAll(() => world?.close());

interface Ask {
  readonly tenant?: string;
  readonly as?: readonly Role[];
  readonly id?: string;
  readonly body?: unknown;
  readonly isAnonymous?: boolean;
}

/** What a row needs beyond ids in its path. */
interface Recipe {
  readonly as: readonly Role[];
  readonly query?: string;
  readonly body?: () => Promise<unknown> | unknown;
  /** The id its path takes, where that is not a decision that waits. */
  readonly id?: () => string;
  /** Its body names a thing of one tenant. */
  readonly strangerBody?: () => unknown;
}

const viewer: Recipe = { as: ['viewer'] };

const recipes: Readonly<Record<string, Recipe>> = {
  'GET /incidents/{}': { ...viewer, id: () => world.own.incidents[0] ?? '' },
  'GET /risk/{}': { ...viewer, id: () => world.own.tenant },
  'GET /pending/{}': { ...viewer, id: () => world.own.tenant },
  'GET /audit/log': { ...viewer, query: '?from=0&limit=20' },
  'POST /proposals': {
    as: ['operator'],
    body: () => ({ manifest: { target: serviceOf(0), action: 'scale', replicas: 7 } }),
    strangerBody: () => ({
      manifest: { target: world.stranger.targets[0], action: 'scale', replicas: 7 },
    }),
  },
  'POST /stop': {
    as: ['operator'],
    body: () => ({ action: 'pause', target: 'walked', reason: 'the walk' }),
    strangerBody: () => ({ action: 'pause', target: world.stranger.targets[0], reason: 'x' }),
  },
  // A denial needs nobody else, and ends the decision: rows before it still find it waiting.
  'POST /approve/{}': {
    as: ['approver'],
    body: () => ({ verdict: 'deny', reason: 'the walk is over' }),
  },
};

/** A service of the tenant, without the tenant. */
function serviceOf(index: number): string {
  return world.own.targets[index]?.split('/')[1] ?? '';
}

function recipeOf(row: ApiRow): Recipe | undefined {
  return recipes[routeKey(row.method, row.path)] ?? (row.method === 'GET' ? viewer : undefined);
}

function ownId(row: ApiRow): string {
  return recipeOf(row)?.id?.() ?? world.own.waiting[0] ?? '';
}

async function ask(
  row: ApiRow,
  { tenant, as, id, body, isAnonymous }: Ask = {},
): Promise<Answered> {
  const recipe = recipeOf(row);
  const path = row.path.replace(/\{[^}]*\}/, encodeURIComponent(id ?? ownId(row)));
  const given = body ?? (await recipe?.body?.());
  const roles = as ?? recipe?.as ?? ['viewer'];
  return world.send({
    method: row.method,
    path: `${path}${recipe?.query ?? ''}`,
    headers: {
      ...(!isAnonymous && (await bearer(world.demo, tenant ?? world.own.tenant, roles))),
      ...(given !== undefined && { 'content-type': 'application/json' }),
    },
    ...(given !== undefined && { body: JSON.stringify(given) }),
  });
}

/** What changes nothing first, so that nothing is gone before it is looked at. */
function servedRows(): readonly ApiRow[] {
  const rows = [...served.keys()];
  return [
    ...rows.filter(({ method }) => method === 'GET'),
    ...rows.filter(({ method }) => method !== 'GET'),
  ];
}

test('every served route is a row of the contracts or one of the named additions', () => {
  const known = new Set(served.values());
  const unknown = routes
    .filter((route) => !known.has(route))
    .map(({ method, path }) => `${method} ${path}`)
    .filter((name) => !additions.includes(name));
  expect(unknown).toEqual([]);
});

test('what is not served yet is printed by name', () => {
  const missing = apiTable.filter((row) => !served.has(row));
  const names = missing.map(({ method, path }) => `${method} ${path}`);
  const lines = [`not served yet: ${names.join(', ')}`];
  for (const [row, { operation }] of served) {
    const body = operation.requestBody?.content['application/json']?.schema.properties ?? {};
    const query = (operation.parameters ?? []).map(({ name }) => name);
    const taken = row.method === 'GET' ? query : Object.keys(body);
    const untaken = row.takes.filter((name) => !taken.includes(name));
    if (untaken.length > 0) {
      lines.push(`not taken yet: ${row.method} ${row.path} ${untaken.join(' ')}`);
    }
  }
  process.stdout.write(`${lines.join('\n')}\n${served.size} of ${apiTable.length} rows served\n`);
  expect(served.size).toBeGreaterThan(20);
});

test('every served row asks for a token unless it is public', async () => {
  for (const row of servedRows()) {
    const { status, type } = await ask(row, { isAnonymous: true });
    const expected = row.isPublic ? [row.status, true] : [401, false];
    const isPlain = type !== 'application/problem+json';
    expect([row.method, row.path, status, isPlain]).toEqual([row.method, row.path, ...expected]);
  }
});

test('an unknown id is not found', async () => {
  for (const row of servedRows().filter(({ path }) => path.includes('{'))) {
    for (const id of ['p1', '0'.repeat(64), 'nobody']) {
      const { status, text } = await ask(row, { id });
      expect([row.method, row.path, id, status]).toEqual([row.method, row.path, id, 404]);
      expect(JSON.parse(text)).toMatchObject({ type: 'https://quorate.dev/problems/not-found' });
    }
  }
});

test("another tenant's id is 404 to read and 403 to write", async () => {
  for (const row of servedRows().filter(({ path }) => path.includes('{'))) {
    const { status } = await ask(row, { tenant: world.stranger.tenant });
    const expected = row.method === 'GET' ? 404 : 403;
    expect([row.method, row.path, status]).toEqual([row.method, row.path, expected]);
  }
});

test("another tenant's name or target in a body is refused", async () => {
  for (const row of servedRows().filter(({ method }) => method !== 'GET')) {
    const recipe = recipeOf(row);
    const named = { ...((await recipe?.body?.()) as object), tenant_id: world.stranger.tenant };
    const bodies = [named, recipe?.strangerBody?.()].filter((body) => body !== undefined);
    for (const body of bodies) {
      const { status, text } = await ask(row, { body });
      expect([row.method, row.path, status]).toEqual([row.method, row.path, 403]);
      expect(text).not.toContain(world.stranger.tenant);
    }
  }
});

test('lists of one tenant hold nothing of another', async () => {
  for (const row of servedRows().filter(({ shape }) => shape === 'list')) {
    const { text } = await ask(row);
    const { tenant, decisions, targets } = world.stranger;
    const strange = [`"${tenant}"`, ...decisions, ...targets].filter((word) => text.includes(word));
    expect([row.path, strange]).toEqual([row.path, []]);
  }
});

// Runs last: it changes what waits.
test('every served row answers as the contracts say', async () => {
  const faults: string[] = [];
  for (const row of servedRows()) {
    const name = `${row.method} ${row.path}`;
    if (!recipeOf(row)) {
      faults.push(`${name}: no recipe says how to walk it`);
      continue;
    }
    faults.push(...faultsOf(row, await ask(row)).map((fault) => `${name}: ${fault}`));
  }
  expect(faults).toEqual([]);
});

function faultsOf(row: ApiRow, { status, type, text }: Answered): readonly string[] {
  if (status !== row.status) return [`${status}, not ${row.status}: ${text.slice(0, 300)}`];
  const types = { text: 'text/plain', stream: 'text/event-stream' } as const;
  const plain = row.shape === 'text' || row.shape === 'stream' ? types[row.shape] : null;
  if (type !== (plain ?? 'application/json')) return [`the type is ${type}`];
  if (text === '') return ['the answer is empty'];
  if (plain) return [];
  const body: unknown = JSON.parse(text);
  const items = row.shape === 'list' ? (body as { items?: unknown[] }).items : [body];
  if (row.keys.length > 0 && items?.length === 0) return ['the list is empty'];
  return lackingKeys(body, row).map((key) => `lacks ${key}`);
}
