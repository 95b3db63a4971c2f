/**
 * Commands as clients of a gateway: where it is, who speaks, and how errors come back.
 *
 * The token is the one given, or one minted with the data folder's own issuer: who can read that
 * key is its operator. With a minted token a command may look at every tenant of the folder.
 */
import type { Command } from 'commander';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { type ErrorCode, errorMeanings, QuorateError } from '#protocols/errors.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { openIssuer, tenantOfToken } from '../issuer.ts';
import type { ProposalWire } from '../views/proposal.ts';
import { type Cli, type CommonOptions, loadConfig, withCommonOptions } from './cli.ts';
import { readEndpoint } from './endpoint.ts';

export interface SessionOptions extends CommonOptions {
  readonly url?: string;
  readonly token?: string;
  readonly tenant?: string;
}

export interface Client {
  readonly tenant: string;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
}

export interface Session {
  readonly dataDir: string;
  readonly url: string;
  /** One a tenant that the caller may look at. */
  readonly clients: readonly Client[];
}

/** Who speaks when the token is minted here, and how long an answer may take. */
export interface Speaker {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly timeoutMs?: number;
}

/** A command line needs its token for one command only. */
const mintedTtlSeconds = 300;
const answerMs = 30_000;
const pagesMax = 50;

export function withSessionOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--url <url>', 'the gateway (default: the one of the data folder)')
    .option('--token <token>', 'a bearer token (default QUORATE_TOKEN, or one made here)')
    .option('--tenant <tenant>', 'one tenant only');
}

export async function openSession(
  cli: Cli,
  options: SessionOptions,
  as: Speaker,
): Promise<Session> {
  const config = loadConfig(cli, options);
  const endpoint = readEndpoint(config.dataDir);
  const url = (
    options.url ??
    cli.environment.QUORATE_URL ??
    endpoint?.url ??
    `http://${config.host}:${config.port}`
  ).replace(/\/+$/, '');
  const given = options.token ?? cli.environment.QUORATE_TOKEN;
  if (given) {
    const client = clientOf({ url, tenant: tenantOfToken(given), token: given }, as.timeoutMs);
    return { dataDir: config.dataDir, url, clients: [client] };
  }
  const issuer = await openIssuer(config.dataDir, false);
  const tenants = options.tenant === undefined ? (endpoint?.tenants ?? []) : [options.tenant];
  if (tenants.length === 0) {
    throw new QuorateError('unavailable', 'no gateway runs on this data folder', {
      field: config.dataDir,
    });
  }
  const { subject, roles, timeoutMs } = as;
  const clients = tenants.map(async (tenant) => {
    const token = await issuer.mint({ subject, roles, tenant, ttlSeconds: mintedTtlSeconds });
    return clientOf({ url, tenant, token }, timeoutMs);
  });
  return { dataDir: config.dataDir, url, clients: await Promise.all(clients) };
}

/** Whether a gateway answers there; `unavailable` when none does. */
export async function probe(url: string): Promise<void> {
  await request(`${url}/health`, {});
}

function clientOf(
  { url, tenant, token }: { readonly url: string; readonly tenant: string; readonly token: string },
  timeoutMs = answerMs,
): Client {
  const headers = { authorization: `Bearer ${token}` };
  return {
    tenant,
    get: (path) => request(`${url}${path}`, { headers }, timeoutMs),
    post: (path, body) => {
      const sent = { ...headers, 'content-type': 'application/json' };
      const init = { method: 'POST', headers: sent, body: JSON.stringify(body) };
      return request(`${url}${path}`, init, timeoutMs);
    },
  };
}

async function request(url: string, init: RequestInit, timeoutMs = answerMs): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch (cause) {
    const { origin } = new URL(url);
    throw new QuorateError('unavailable', `no gateway answers at ${origin}`, {
      cause,
      field: origin,
    });
  }
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const body: unknown = isJson ? JSON.parse(text) : text;
  if (response.ok) return body;
  throw problemOf(body, url);
}

const Problem = Type.Object({
  type: Type.String(),
  detail: Type.String(),
  field: Type.Optional(Type.String()),
});

function problemOf(body: unknown, url: string): QuorateError {
  const { origin } = new URL(url);
  if (!Value.Check(Problem, body)) {
    return new QuorateError('unavailable', `${origin} is not a Quorate gateway`, { field: origin });
  }
  const slug = body.type.slice(body.type.lastIndexOf('/') + 1);
  const code: ErrorCode = isErrorCode(slug) ? slug : 'unavailable';
  return new QuorateError(code, body.detail, body.field ? { field: body.field } : {});
}

function isErrorCode(slug: string): slug is ErrorCode {
  return Object.hasOwn(errorMeanings, slug);
}

export interface Found {
  readonly client: Client;
  readonly proposal: ProposalWire;
}

/** The one decision with this id or beginning of an id, among the tenants of the session. */
export async function findDecision(session: Session, id: string): Promise<Found> {
  const found: Found[] = [];
  if (!/^[0-9a-f]{1,64}$/.test(id)) {
    throw new QuorateError('invalid-input', `${id} is not a decision id: expected hex digits`, {
      field: 'id',
    });
  }
  for (const client of session.clients) {
    for await (const proposal of proposalsOf(client)) {
      if (proposal.proposal_id.startsWith(id)) found.push({ client, proposal });
    }
  }
  const [only, ...others] = found;
  if (!only) throw new QuorateError('not-found', `there is no decision ${id}`, { field: id });
  if (others.length > 0) {
    throw new QuorateError('invalid-input', `${found.length} decisions begin with ${id}`, {
      field: 'id',
    });
  }
  return only;
}

export async function* proposalsOf(client: Client): AsyncGenerator<ProposalWire> {
  let path = '/proposals';
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = (await client.get(path)) as { items: ProposalWire[]; next: string | null };
    yield* answer.items;
    if (answer.next === null) return;
    path = `/proposals?cursor=${encodeURIComponent(answer.next)}`;
  }
}
