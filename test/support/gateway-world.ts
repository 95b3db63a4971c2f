/**
 * A running demo as a client sees it: two tenants with decisions, signals and incidents of their
 * own, the document of the gateway, and requests exactly as given.
 */
import { Agent, request as open } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '#protocols/messages/manifest.ts';
import { type Demo, startDemo } from './federation.ts';
import type { OpenApi } from './http-routes.ts';

/** Longer than any answer takes, the rest of an event stream aside. */
const answerMsMax = 10_000;
/** What is read of an event stream before it is left. */
const streamMs = 60;
const readyMsMax = 60_000;
const pollMs = 100;

/** No test may run into the limits that keep strangers away. */
const raised = {
  'limits.requestsPerMinuteMax': 10_000_000,
  'limits.publicRequestsPerMinuteMax': 10_000_000,
  'limits.failedLoginsPerMinuteMax': 10_000_000,
};

export interface Sent {
  readonly method: string;
  /** With the query, as it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly headers: string;
  readonly text: string;
}

/** What one tenant owns. */
export interface Holdings {
  readonly tenant: string;
  readonly waiting: readonly string[];
  readonly decisions: readonly string[];
  readonly incidents: readonly string[];
  readonly signals: readonly string[];
  readonly targets: readonly string[];
}

export interface GatewayWorld {
  readonly demo: Demo;
  readonly document: OpenApi;
  /** The tenant with a decision that waits. */
  readonly own: Holdings;
  readonly stranger: Holdings;
  send(request: Sent): Promise<Answered>;
  close(): Promise<void>;
}

export async function openGatewayWorld(): Promise<GatewayWorld> {
  const demo = await startDemo(raised);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const send = (request: Sent) => exchange(demo.gateway.url, agent, request);
  const holdings = await ready(demo, send);
  const [own, stranger] = holdings.toSorted((a, b) => b.waiting.length - a.waiting.length);
  if (!own || !stranger) throw new Error('the demo has two tenants');
  const { text } = await send({ method: 'GET', path: '/openapi.json', headers: {} });
  return {
    demo,
    document: JSON.parse(text) as OpenApi,
    own,
    stranger,
    send,
    close: async () => {
      agent.destroy();
      await demo.close();
    },
  };
}

type Send = GatewayWorld['send'];

/** Both tenants have decisions, and one of these waits for people. */
async function ready(demo: Demo, send: Send): Promise<readonly Holdings[]> {
  for (let waited = 0; waited < readyMsMax; waited += pollMs) {
    const all = await Promise.all(demo.region.tenants().map((id) => holdingsOf(demo, send, id)));
    const isReady =
      all.length >= 2 &&
      all.some(({ waiting }) => waiting.length > 0) &&
      all.every(({ decisions, incidents, signals }) =>
        [decisions, incidents, signals].every((owned) => owned.length > 0),
      );
    if (isReady) return all;
    await pause(pollMs);
  }
  throw new Error(`no decision waits after ${readyMsMax} ms`);
}

async function holdingsOf(demo: Demo, send: Send, tenant: string): Promise<Holdings> {
  const list = async (path: string) => {
    const headers = await bearer(demo, tenant, ['viewer']);
    const { status, text } = await send({ method: 'GET', path, headers });
    return status === 200 ? (JSON.parse(text) as { items: Record<string, string>[] }).items : [];
  };
  const pending = await list(`/pending/${tenant}`);
  const proposals = await list('/proposals?limit=200');
  const incidents = await list('/incidents?limit=200');
  const signals = await list('/signals?limit=200');
  return {
    tenant,
    waiting: pending.map(({ proposal_id: id }) => String(id)),
    decisions: proposals.map(({ proposal_id: id }) => String(id)),
    incidents: incidents.map(({ incident_id: id }) => String(id)),
    signals: signals.map(({ signal_id: id }) => String(id)),
    targets: [...new Set(proposals.map(({ target }) => String(target)))],
  };
}

export async function bearer(
  demo: Demo,
  tenant: string,
  roles: readonly Role[],
  subject = 'alice',
): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await demo.token(tenant, subject, roles)}` };
}

/** One request over a kept connection; nothing of it is normalised on the way. */
function exchange(url: string, agent: Agent, sent: Sent): Promise<Answered> {
  const { hostname, port } = new URL(url);
  const { method, path, headers, body } = sent;
  return new Promise((resolve, reject) => {
    const request = open({ hostname, port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      const finish = () => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type']?.split(';')[0] ?? '',
          headers: response.rawHeaders.join('\n'),
          text: Buffer.concat(chunks).toString(),
        });
      };
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', finish);
      if (response.headers['content-type']?.startsWith('text/event-stream')) {
        setTimeout(() => {
          finish();
          request.destroy();
        }, streamMs);
      }
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer to ${method} ${path} within ${answerMsMax} ms`));
    }, answerMsMax);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(body);
  });
}
