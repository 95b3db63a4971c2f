/**
 * Which site a browser speaks for. A cookie is sent whoever makes the browser send it, so a
 * change by cookie must come from a page of this gateway; and a gateway that listens on loopback
 * only answers to names of this machine, or a page of a name that was pointed at 127.0.0.1
 * (DNS rebinding) would count as its own.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';
import { isLoopback } from '#regions/config-checks.ts';

/** The methods that HTTP promises to be free of effects (RFC 9110, 9.2.1). */
const safeMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

export function changesSomething({ method }: FastifyRequest): boolean {
  return !safeMethods.includes(method);
}

/** Only the path from a proxy to the gateway is loopback then; the names are the proxy's. */
export function refuseForeignHosts(
  app: FastifyInstance,
  { host, trustedProxies }: Pick<Config, 'host' | 'trustedProxies'>,
): void {
  if (!isLoopback(host) || trustedProxies.length > 0) return;
  app.addHook('onRequest', async (request) => {
    if (isLoopback(hostName(request.headers.host))) return;
    throw new QuorateError('forbidden', 'this gateway answers to names of this machine only', {
      field: 'host',
    });
  });
}

function hostName(host = ''): string {
  return URL.parse(`http://${host}`)?.hostname ?? '';
}

/**
 * Behind a proxy that ends TLS the scheme is the proxy's matter, so the host alone decides; on
 * loopback there is none, and the scheme must fit too.
 */
export function refuseForeignOrigin(
  request: FastifyRequest,
  { isRequired }: { readonly isRequired: boolean },
): void {
  const { origin } = request.headers;
  if (origin === undefined && !isRequired) return;
  const from = URL.parse(origin ?? '');
  const own = from && URL.parse(`${from.protocol}//${request.host}`);
  const isWeb = from?.protocol === 'http:' || from?.protocol === 'https:';
  const isScheme = !own || !isLoopback(own.hostname) || from.protocol === `${request.protocol}:`;
  if (own && isWeb && isScheme && from.host === own.host) return;
  throw new QuorateError('forbidden', 'this change does not come from a page of this gateway', {
    field: 'origin',
  });
}
