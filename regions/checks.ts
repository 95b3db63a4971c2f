/** Whether a region does what it should, as its gateway and the other regions show it. */
import type { HealthCheck } from './node.ts';
import type { RegionCore } from './region.ts';

export function checksOf(core: Pick<RegionCore, 'host' | 'actors'>): readonly HealthCheck[] {
  const standing = core.host.standing();
  const degraded = new Set(core.actors.degraded().map(({ tenant }) => tenant)).size;
  return [
    { name: 'voting', ok: standing.voting, reason: standing.reason },
    {
      name: 'agents',
      ok: degraded === 0,
      // Everybody may read this: which tenants they are, the log says.
      reason: degraded === 0 ? 'all tenants run' : `agents of ${degraded} tenants stopped`,
    },
  ];
}

/** Why the region is not ready; null when it is. */
export function faultOf(core: Pick<RegionCore, 'host' | 'actors'>): string | null {
  return checksOf(core).find(({ ok }) => !ok)?.reason ?? null;
}
