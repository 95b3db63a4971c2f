/**
 * Requests to the gateway: JSON in and out, problems thrown, the session cookie sent along.
 */
import { Problem, problemIn } from './problem.ts';

export { Problem, problemOf } from './problem.ts';

/** Longer than the gateway itself takes for any request. */
const answerWithinMs = 30_000;

interface PostOptions {
  /** The ETag of what the person looked at. */
  readonly ifMatch?: string;
}

const listeners = new Set<() => void>();

/** Hears that the gateway no longer knows us. */
export function onSessionEnd(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function get<T>(path: string): Promise<T> {
  return (await (await request('GET', path)).json()) as T;
}

/** As get(); an answer of one of these statuses is an answer too, not a problem. */
export async function getEvenIf<T>(path: string, statuses: readonly number[]): Promise<T> {
  return (await (await request('GET', path, undefined, statuses)).json()) as T;
}

export async function getWithEtag<T>(path: string): Promise<{ value: T; etag: string | null }> {
  const response = await request('GET', path);
  return { value: (await response.json()) as T, etag: response.headers.get('etag') };
}

export async function getText(path: string): Promise<string> {
  return (await request('GET', path)).text();
}

export async function getBytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await request('GET', path)).arrayBuffer());
}

export async function post<T>(path: string, body: unknown, options: PostOptions = {}): Promise<T> {
  const headers: Record<string, string> = { 'idempotency-key': freshKey() };
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  return (await jsonOf(await request('POST', path, { body, headers }))) as T;
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return (await jsonOf(await request('PUT', path, { body, headers: {} }))) as T;
}

export async function del(path: string): Promise<void> {
  await request('DELETE', path);
}

interface Content {
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

async function request(
  method: string,
  path: string,
  content?: Content,
  accepted: readonly number[] = [],
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json, */*;q=0.5' };
  if (content) Object.assign(headers, { 'content-type': 'application/json' }, content.headers);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: content ? JSON.stringify(content.body) : null,
      cache: 'no-store',
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } catch (cause) {
    const detail = 'the gateway cannot be reached';
    throw new Problem(0, { type: 'unreachable', detail }, { cause });
  }
  if (response.ok || accepted.includes(response.status)) return response;
  const problem = await problemIn(response);
  if (problem.status === 401) for (const listener of listeners) listener();
  throw problem;
}

async function jsonOf(response: Response): Promise<unknown> {
  return response.status === 204 ? null : response.json();
}

/** crypto.randomUUID() is not there on a page that came by http from another machine. */
function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
