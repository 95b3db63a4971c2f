/**
 * `Idempotency-Key`: a request that is repeated because its answer got lost has one effect.
 *
 * The answer is kept, durably and before it is sent, under the caller, the route and the key. A
 * repeat gets the kept answer; the same key with another body is a conflict, and so is a repeat
 * while the first is under way. Kept are answers below 500, but for 401 and 429, whose cause
 * passes; what a schema refuses never reaches the point where anything is kept.
 *
 * What this does not promise: an effect and the record of its answer are two batches. A crash
 * between them loses the record, and a repeat runs again. What the region itself refuses to do
 * twice (a verdict of one approver, a version of a target) is still done once; a second stop or a
 * second proposal for the next version is possible then.
 */
import { createHash, type Hash } from 'node:crypto';
import { pipeline, Transform } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';
import type { RegionNode } from '#regions/node.ts';
import type { GatewayLog } from './context.ts';
import { isKeptStatus } from './errors.ts';
import { changesSomething } from './origin.ts';

const header = 'idempotency-key';
const keyPattern = /^[\x21-\x7e]{1,255}$/;
/** What an answer says besides its body. */
const keptHeaders = ['content-type', 'etag', 'location'] as const;

const Kept = Type.Object({
  fingerprint: Type.String(),
  status: Type.Integer(),
  headers: Type.Record(Type.String(), Type.String()),
  /** Null when it was too long to keep. */
  body: Type.Union([Type.String(), Type.Null()]),
});
type Kept = Static<typeof Kept>;

/** A request with a key, from its first byte to its answer. */
interface Keyed {
  readonly bytes: Hash;
  /** Set once this request is the one that acts under its key. */
  claim: { readonly at: string; readonly fingerprint: string } | null;
}

export interface IdempotencyOptions {
  readonly region: Pick<RegionNode, 'remember' | 'recall'>;
  readonly limits: Pick<Config['limits'], 'idempotencyTtlSeconds' | 'idempotencyAnswerBytesMax'>;
  readonly log: GatewayLog;
}

declare module 'fastify' {
  interface FastifyRequest {
    keyed: Keyed | null;
  }
}

export function honourIdempotencyKeys(app: FastifyInstance, options: IdempotencyOptions): void {
  const { region } = options;
  // One each request under way.
  const underWay = new Set<string>();
  app.decorateRequest('keyed', null);
  app.addHook('preParsing', async (request, _reply, payload) => {
    const key = keyOf(request);
    if (key === null) return payload;
    const bytes = createHash('sha256');
    request.keyed = { bytes, claim: null };
    // A client that goes away ends the copy with an error, which the parser then hears.
    return pipeline(payload, tap(bytes), () => {});
  });
  app.addHook('preHandler', async (request, reply) => {
    const { keyed } = request;
    if (!keyed) return;
    const at = placeOf(request);
    const fingerprint = keyed.bytes.digest('hex');
    if (underWay.has(at)) throw conflict('a request with this key is still under way', true);
    underWay.add(at);
    keyed.claim = { at, fingerprint };
    const kept = readKept(await region.recall(at));
    if (!kept) return;
    release(request, underWay);
    if (kept.fingerprint !== fingerprint) throw conflict('this key came with another body before');
    if (kept.body === null) throw conflict('this was done before; its answer was too long to keep');
    return reply
      .code(kept.status)
      .headers({ ...kept.headers, 'idempotency-replayed': 'true' })
      .send(kept.body || undefined);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const claim = request.keyed?.claim;
    if (!claim) return;
    try {
      if (isKeptStatus(reply.statusCode)) await keep(claim, reply, payload, options);
    } finally {
      release(request, underWay);
    }
  });
}

function keyOf(request: FastifyRequest): string | null {
  const key = request.headers[header];
  const { isRepeatable } = request.routeOptions.config;
  if (key === undefined || !changesSomething(request) || !request.caller || isRepeatable) {
    return null;
  }
  if (typeof key === 'string' && keyPattern.test(key)) return key;
  throw new QuorateError('invalid-input', 'a key is 1 to 255 visible ASCII characters', {
    field: header,
  });
}

function tap(bytes: Hash): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes.update(chunk);
      done(null, chunk);
    },
  });
}

/**
 * Hashed: a caller chooses the key and must not choose what it is stored under. A kind of fact
 * each tenant: room is bounded by kind, and no tenant takes another's.
 */
function placeOf({ caller, method, url, headers }: FastifyRequest): string {
  const scope = JSON.stringify([caller?.tenant, caller?.subject, method, url, headers[header]]);
  return `idempotency-${caller?.tenant}/${createHash('sha256').update(scope).digest('hex')}`;
}

function readKept(fact: Uint8Array | null): Kept | null {
  if (!fact) return null;
  const kept: unknown = JSON.parse(Buffer.from(fact).toString('utf8'));
  return Value.Check(Kept, kept) ? kept : null;
}

async function keep(
  { at, fingerprint }: NonNullable<Keyed['claim']>,
  reply: FastifyReply,
  payload: unknown,
  { region, limits, log }: IdempotencyOptions,
): Promise<void> {
  const text = typeof payload === 'string' || Buffer.isBuffer(payload) ? String(payload) : '';
  const isShort = Buffer.byteLength(text) <= limits.idempotencyAnswerBytesMax;
  const headers = keptHeaders.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const kept: Kept = {
    fingerprint,
    status: reply.statusCode,
    headers: Object.fromEntries(headers),
    body: isShort ? text : null,
  };
  const until = systemClock.now() + limits.idempotencyTtlSeconds * 1000;
  try {
    await region.remember(at, Buffer.from(JSON.stringify(kept)), until);
  } catch (error) {
    // The effect is there, and the answer says so; only a repeat would not know.
    log.error({ error: String(error) }, 'an answer could not be kept');
  }
}

function release(request: FastifyRequest, underWay: Set<string>): void {
  const { keyed } = request;
  if (!keyed?.claim) return;
  underWay.delete(keyed.claim.at);
  keyed.claim = null;
}

function conflict(message: string, retryable = false): QuorateError {
  return new QuorateError('conflict', message, { field: header, retryable });
}
