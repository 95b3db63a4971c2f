/**
 * What is asked and how long answers take, by route template: a path would make a series each.
 */
import type { FastifyInstance } from 'fastify';
import type { Federation } from '#regions/federation-types.ts';

export function measureRequests(app: FastifyInstance, metrics: Federation['metrics']): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    const status = String(reply.statusCode);
    metrics.count('http_requests_total', { method: request.method, route, status });
    if (request.routeOptions.config.isStream) return;
    metrics.observe('http_request_seconds', reply.elapsedTime / 1000, { route });
  });
}
