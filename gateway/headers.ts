/**
 * Security headers, by @fastify/helmet; the only file that knows it.
 *
 * An answer of the API is never a page, so it may load nothing at all. A route that is a page
 * says so with `helmet: contentPolicy({…})` in its options.
 */
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** A page of another origin gets no feature of the browser through us. */
const permissions = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'usb',
  'xr-spatial-tracking',
]
  .map((name) => `${name}=()`)
  .join(', ');

const yearSeconds = 31_536_000;

export type Directives = Readonly<Record<string, readonly string[]>>;

/** The helmet options of a route with its own content security policy. */
export function contentPolicy(directives: Directives) {
  const copied = Object.entries(directives).map(([name, values]) => [name, [...values]]);
  return {
    contentSecurityPolicy: { useDefaults: false, directives: Object.fromEntries(copied) },
  };
}

export function sendSecurityHeaders(app: FastifyInstance): void {
  app.register(helmet, {
    ...contentPolicy({ 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }),
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    // Below, and only where the request came by https: over http it would be ignored or a lie.
    strictTransportSecurity: false,
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('permissions-policy', permissions);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    if (request.protocol === 'https') {
      reply.header('strict-transport-security', `max-age=${yearSeconds}`);
    }
  });
}
