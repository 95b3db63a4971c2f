/**
 * Health, readiness and metrics: public, because probes hold no token.
 */
import Type from 'typebox';
import type { Routes } from '../context.ts';
import { notReadyStatus } from '../errors.ts';

const Health = Type.Object({
  status: Type.Literal('ok'),
  backend: Type.String(),
  mode: Type.String(),
  version: Type.String(),
});
const Readiness = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not-ready')]),
  checks: Type.Array(
    Type.Object({ name: Type.String(), ok: Type.Boolean(), reason: Type.String() }),
  ),
});

export const healthRoutes: Routes = async (app, { region, version, federation }) => {
  app.get(
    '/health',
    {
      schema: { response: { 200: Health } },
      config: { isPublic: true, summary: 'Whether the process runs' },
    },
    async () => ({ status: 'ok' as const, backend: 'memory', mode: region.mode, version }),
  );

  app.get(
    '/livez',
    {
      schema: { response: { 200: Readiness } },
      config: { isPublic: true, summary: 'Whether the process should be left running' },
    },
    async () => ({ status: 'ready' as const, checks: [] }),
  );

  for (const path of ['/readyz', '/ready']) {
    app.get(
      path,
      {
        schema: { response: { 200: Readiness, [notReadyStatus]: Readiness } },
        config: { isPublic: true, summary: 'Whether the region can take work, check by check' },
      },
      async (_request, reply) => {
        const checks = region.checks().map(({ name, ok, reason }) => ({ name, ok, reason }));
        const isReady = checks.every((check) => check.ok);
        if (!isReady) reply.code(notReadyStatus);
        return { status: isReady ? ('ready' as const) : ('not-ready' as const), checks };
      },
    );
  }

  app.get(
    '/metrics',
    {
      schema: { response: { 200: Type.String() } },
      config: { isPublic: true, summary: 'Metrics in Prometheus text format' },
    },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await federation.metricsText()),
  );
};
