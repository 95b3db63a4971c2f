/**
 * What every route is given.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Config } from '#regions/config.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { Caller, RegionNode } from '#regions/node.ts';
import type { Drain } from './drain.ts';
import type { Issuer } from './issuer.ts';
import type { RateLimits } from './limits.ts';
import type { Sessions } from './session.ts';
import type { Authenticate, Identity } from './tokens.ts';

export interface GatewayLog {
  info(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface GatewayContext {
  readonly config: Config;
  readonly federation: Pick<Federation, 'regions' | 'trustRoot' | 'metricsText' | 'metrics'>;
  /** The region this gateway speaks for. */
  readonly region: RegionNode;
  /** Signs sessions. */
  readonly issuer: Issuer;
  readonly version: string;
  readonly log: GatewayLog;
}

export interface RouteContext extends GatewayContext {
  /** Whom a bearer token names. */
  readonly authenticate: Authenticate;
  readonly sessions: Sessions;
  readonly drain: Drain;
  readonly limits: RateLimits;
}

export type Routes = FastifyPluginAsyncTypebox<RouteContext>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every route that is not public. */
    caller: Identity | null;
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    isPublic?: boolean;
    /** The least role a caller must have; viewer when left out. */
    role?: Caller['roles'][number];
    /** Asked often and by machines: not counted by rate limits, answered while draining. */
    isProbe?: boolean;
    /** The answer goes on until somebody ends it. */
    isStream?: boolean;
    /** Twice is the same as once, so no answer is kept for a repeated Idempotency-Key. */
    isRepeatable?: boolean;
    /** One sentence for the OpenAPI document. */
    summary?: string;
  }
}
