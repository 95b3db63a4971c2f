/**
 * Rate limits, by @fastify/rate-limit; the only file that knows it.
 *
 * Counted are the requests of a caller in a tenant, those without a token by address, and refused
 * tokens and login codes by address: once there are too many, the answer says that instead of why.
 * Probes are not counted. The counters are bounded; the least recently used go first.
 */
import rateLimit, { type RateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';

const windowMs = 60_000;

export interface RateLimits {
  /** Counts a request; throws `too-many-requests` with a Retry-After header. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts a refused token or login code. */
  refused(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

type Check = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** Ready once the plugins registered before are loaded. */
export function countRequests(app: FastifyInstance, limits: Config['limits']): RateLimits {
  app.register(rateLimit, { global: false });
  const checks = new Map<string, Check>();
  const open = (name: string, options: RateLimitOptions) => {
    checks.set(name, createCheck(app, { cache: limits.callersCountedMax, ...options }));
  };
  app.after(() => {
    open('caller', {
      max: limits.requestsPerMinuteMax,
      keyGenerator: ({ caller }) => JSON.stringify([caller?.tenant, caller?.subject]),
    });
    open('address', { max: limits.publicRequestsPerMinuteMax });
    open('refused', { max: limits.failedLoginsPerMinuteMax });
  });
  const check = (name: string, request: FastifyRequest, reply: FastifyReply) =>
    checks.get(name)?.(request, reply) ?? Promise.resolve();
  return {
    admit: async (request, reply) => {
      if (request.routeOptions.config.isProbe) return;
      await check(request.caller ? 'caller' : 'address', request, reply);
    },
    refused: (request, reply) => check('refused', request, reply),
  };
}

function createCheck(app: FastifyInstance, options: RateLimitOptions): Check {
  const count = app.createRateLimit({ timeWindow: windowMs, ...options });
  return async (request, reply) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    reply.header('retry-after', Math.max(1, counted.ttlInSeconds));
    throw new QuorateError(
      'too-many-requests',
      `more than ${counted.max} requests in a minute; try again in ${counted.ttlInSeconds} s`,
      { retryable: true },
    );
  };
}
