/**
 * The audit log as it grows, for the tenant of the token: server-sent events (WHATWG HTML, 9.2).
 *
 * The id of an event is its sequence number in the region's log, so a client that was cut off
 * names the last one it saw and misses nothing. EventSource sends that as a header by itself, and
 * can send none the first time; therefore the query.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { systemClock } from '#fabric/open.ts';
import { callerOf } from '../auth.ts';
import type { Routes } from '../context.ts';
import { LiveHub } from '../live.ts';

/** -1 is before the first entry. */
const EntryId = Type.String({
  pattern: '^(?:-1|0|[1-9][0-9]{0,11})$',
  description: 'The sequence number of the newest entry that the caller has; -1 for none',
});
const EventsQuery = Type.Object({ after: Type.Optional(EntryId) }, { additionalProperties: false });
const EventsHeaders = Type.Object({ 'last-event-id': Type.Optional(EntryId) });

const eventsOptions = {
  // A stream has an end only when one side closes it, so there is no answer to HEAD.
  exposeHeadRoute: false,
  schema: {
    querystring: EventsQuery,
    headers: EventsHeaders,
    produces: ['text/event-stream'],
    response: {
      200: Type.String({
        description: [
          '`event: head` with `{size}`, then one `event: entry` with an audit entry for each entry',
          'of the tenant after the one named, or from now on. `event: end` with `{reason}` before',
          'the gateway closes the stream.',
        ].join(' '),
      }),
    },
  },
  config: {
    isStream: true,
    summary: "The tenant's audit entries as they become durable (server-sent events)",
  },
} as const;

export const eventRoutes: Routes = async (app, context) => {
  const { region, config, drain, sessions, log } = context;
  const { metrics } = context.federation;
  const hub = new LiveHub({ region, limits: config.limits, clock: systemClock, metrics, log });
  // Streams never end by themselves, and closing waits for requests to end.
  drain.onBegin(() => hub.close());

  app.get('/events', eventsOptions, (request, reply) => {
    const { tenant, subject, expiresAt, sessionId } = callerOf(request);
    const id = request.headers['last-event-id'] ?? request.query.after;
    const after = id === undefined ? null : Number(id);
    const stream = hub.open({ tenant, subject, expiresAt, after }, () =>
      beginStream(request.id, reply),
    );
    // A client that left meanwhile has no `close` to come.
    if (sessionId === null || reply.raw.closed) return;
    // Who has logged out watches no longer.
    reply.raw.once(
      'close',
      sessions.onEnd(sessionId, () => stream.end('signed-out')),
    );
  });
};

/** From here on the response is the hub's: no hook of the server sees what is written. */
function beginStream(requestId: string, reply: FastifyReply) {
  reply.hijack();
  return reply.raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    // A proxy that gathers an answer before it passes it on would hold back a stream for ever.
    'x-accel-buffering': 'no',
    // The connection has served its purpose when the stream ends, and must not delay a drain.
    connection: 'close',
  });
}
