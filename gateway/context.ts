/**
 * What every route is given.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Config } from '#regions/config.ts';
import type { Federation } from '#regions/federation-types.ts';
import type { Caller, RegionNode } from '#regions/node.ts';

export interface GatewayLog {
  info(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface GatewayContext {
  readonly config: Config;
  readonly federation: Pick<Federation, 'regions' | 'trustRoot' | 'metricsText'>;
  /** The region this gateway speaks for. */
  readonly region: RegionNode;
  readonly version: string;
  readonly log: GatewayLog;
}

export type Routes = FastifyPluginAsyncTypebox<GatewayContext>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every route that needs a token. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    isPublic?: boolean;
    /** The least role a caller must have; viewer when left out. */
    role?: Caller['roles'][number];
    /** One sentence for the OpenAPI document. */
    summary?: string;
  }
}
