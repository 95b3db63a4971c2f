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

function probe(summary: string) {
  return { isPublic: true, isProbe: true, summary };
}

const healthOptions = {
  schema: { response: { 200: Health } },
  config: probe('Whether the process runs'),
};
const livenessOptions = {
  schema: { response: { 200: Readiness } },
  config: probe('Whether the process should be left running'),
};
const readinessOptions = {
  schema: { response: { 200: Readiness, [notReadyStatus]: Readiness } },
  config: probe('Whether the region can take work, check by check'),
};
const metricsOptions = {
  schema: { response: { 200: Type.String() } },
  config: probe('Metrics in Prometheus text format'),
};

export const healthRoutes: Routes = async (app, { region, version, federation, drain, config }) => {
  app.get('/health', healthOptions, async () => ({
    status: 'ok' as const,
    backend: config.fabric.kind,
    mode: region.mode,
    version,
  }));

  app.get('/livez', livenessOptions, async () => ({ status: 'ready' as const, checks: [] }));

  for (const path of ['/readyz', '/ready']) {
    app.get(path, readinessOptions, async (_request, reply) => {
      const checks = region.checks().map(({ name, ok, reason }) => ({ name, ok, reason }));
      if (drain.isDraining()) {
        checks.push({ name: 'draining', ok: false, reason: 'this gateway is stopping' });
      }
      const isReady = checks.every((check) => check.ok);
      if (!isReady) reply.code(notReadyStatus);
      return { status: isReady ? ('ready' as const) : ('not-ready' as const), checks };
    });
  }

  app.get('/metrics', metricsOptions, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await federation.metricsText()),
  );
};
