/**
 * The HTTP server of one region: limits, tokens, errors and routes put together.
 *
 * Schemas validate exactly: nothing is coerced and nothing is dropped, so an unknown field is an
 * error and not a silence.
 */

import type { AddressInfo } from 'node:net';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { type Authenticate, requireTokens } from './auth.ts';
import type { GatewayContext } from './context.ts';
import { handleErrors } from './errors.ts';
import { collectRoutes } from './openapi.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { auditRoutes } from './routes/audit.ts';
import { federationRoutes } from './routes/federation.ts';
import { healthRoutes } from './routes/health.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { riskRoutes } from './routes/risk.ts';
import { stopRoutes } from './routes/stop.ts';

export interface Gateway {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Lets requests under way finish, within the drain limit. */
  close(): Promise<void>;
}

/** The server without a socket: what tests inject requests into. */
export function buildServer(context: GatewayContext, authenticate: Authenticate): FastifyInstance {
  const { limits } = context.config;
  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    genReqId: () => crypto.randomUUID(),
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  app.server.maxConnections = limits.connectionsMax;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
  });
  acceptJsonAsForm(app);
  handleErrors(app, context.log);
  requireTokens(app, authenticate);
  addRoutes(app, context);
  return app;
}

function addRoutes(app: FastifyInstance, context: GatewayContext): void {
  const document = collectRoutes(app, context.version);
  const plugins = [
    healthRoutes,
    proposalRoutes,
    approvalRoutes,
    auditRoutes,
    stopRoutes,
    riskRoutes,
    federationRoutes,
  ];
  for (const plugin of plugins) app.register(plugin, context);
  app.get('/openapi.json', { config: { isPublic: true, summary: 'This document' } }, async () =>
    document(),
  );
}

/**
 * `curl -d '{…}'` sends JSON as a form. Only requests with a token get this far, so no browser
 * form of another site does.
 */
function acceptJsonAsForm(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      parseJson(request, String(body), (error, value) => {
        if (error) {
          done(new QuorateError('invalid-input', 'the body is not JSON', { field: 'body' }));
        } else done(null, value);
      });
    },
  );
}

export async function openGateway(
  context: GatewayContext,
  authenticate: Authenticate,
): Promise<Gateway> {
  const app = buildServer(context, authenticate);
  const { host, port, limits } = context.config;
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw listenError(cause, host, port);
  }
  const address = app.server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () => drain(app, limits.drainMs),
  };
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new QuorateError('port-in-use', `port ${port} of ${host} is taken`, {
      cause,
      field: 'port',
    });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new QuorateError('config', `cannot listen on ${host}:${port} (${code})`, {
      cause,
      field: code === 'EACCES' ? 'port' : 'host',
    });
  }
  return cause;
}

async function drain(app: FastifyInstance, drainMs: number): Promise<void> {
  const timer = systemClock.setTimeout(() => app.server.closeAllConnections(), drainMs);
  try {
    await app.close();
  } finally {
    systemClock.clearTimeout(timer);
  }
}
