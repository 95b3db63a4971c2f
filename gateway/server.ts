/**
 * The HTTP server of one region: limits, tokens, errors and routes put together.
 *
 * Schemas validate exactly: nothing is coerced and nothing is dropped, so an unknown field is an
 * error and not a silence.
 */

import type { AddressInfo } from 'node:net';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { errorCodes, type FastifyInstance } from 'fastify';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';
import { requireCallers } from './auth.ts';
import { badHttpAnswers, ignoreExpectations } from './bad-http.ts';
import { serveConsole } from './console-files.ts';
import type { GatewayContext, RouteContext } from './context.ts';
import { readCookies } from './cookies.ts';
import { drainable } from './drain.ts';
import { handleErrors } from './errors.ts';
import { sendSecurityHeaders } from './headers.ts';
import { honourIdempotencyKeys } from './idempotency.ts';
import { countRequests } from './limits.ts';
import { describeRoutes } from './openapi.ts';
import { refuseForeignHosts } from './origin.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { auditRoutes } from './routes/audit.ts';
import { eventRoutes } from './routes/events.ts';
import { federationRoutes } from './routes/federation.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { riskRoutes } from './routes/risk.ts';
import { sessionRoutes } from './routes/session.ts';
import { statusRoutes } from './routes/status.ts';
import { stopRoutes } from './routes/stop.ts';
import { openSessions } from './session.ts';
import { openAuthenticator } from './tokens.ts';
import { measureRequests } from './traffic.ts';

export interface Gateway {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Lets requests under way finish, within the drain limit. */
  close(): Promise<void>;
}

/** The server without a socket: what tests inject requests into. */
export function buildServer(context: GatewayContext): FastifyInstance {
  return assemble(context).app;
}

function assemble(context: GatewayContext) {
  const { config, issuer, region, federation, log } = context;
  const app = createApp(config);
  const drain = drainable(app);
  const sessions = openSessions({ issuer, region, config });
  const authenticate = openAuthenticator(config, issuer.jwks);
  handleErrors(app, log);
  acceptJsonAsForm(app);
  measureRequests(app, federation.metrics);
  sendSecurityHeaders(app);
  readCookies(app);
  const limits = countRequests(app, config.limits);
  // After the plugins above, so that every refusal below is answered with the same headers.
  app.after(() => {
    drain.countRequests();
    refuseForeignHosts(app, config);
    requireCallers(app, {
      bearer: authenticate,
      cookie: sessions.identify,
      onRefused: limits.refused,
    });
    app.addHook('onRequest', limits.admit);
    honourIdempotencyKeys(app, { region, limits: config.limits, log });
  });
  serveConsole(app);
  addRoutes(app, { ...context, sessions, authenticate, drain, limits });
  return { app, drain };
}

function createApp({ limits, trustedProxies }: Config): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    genReqId: () => crypto.randomUUID(),
    // Closing comes after the drain. Browsers open connections that they never use, which would
    // hold it up otherwise.
    forceCloseConnections: true,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    ...badHttpAnswers,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  app.server.maxConnections = limits.connectionsMax;
  ignoreExpectations(app.server);
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

function addRoutes(app: FastifyInstance, context: RouteContext): void {
  describeRoutes(app, context.version);
  const plugins = [
    healthRoutes,
    sessionRoutes,
    proposalRoutes,
    approvalRoutes,
    auditRoutes,
    eventRoutes,
    stopRoutes,
    riskRoutes,
    incidentRoutes,
    statusRoutes,
    federationRoutes,
  ];
  for (const plugin of plugins) app.register(plugin, context);
}

/**
 * `curl -d '{…}'` sends JSON as a form. Only with a bearer token: a form of another site has
 * none, but may bring a cookie along.
 */
function acceptJsonAsForm(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      if (request.caller?.sessionId !== null) {
        done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type'] ?? ''));
        return;
      }
      parseJson(request, String(body), (error, value) => {
        if (error) {
          done(new QuorateError('invalid-input', 'the body is not JSON', { field: 'body' }));
        } else done(null, value);
      });
    },
  );
}

export async function openGateway(context: GatewayContext): Promise<Gateway> {
  const { app, drain } = assemble(context);
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
    close: () => drain.close(limits.drainMs),
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
