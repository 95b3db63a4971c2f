/** Whether a region does what it should, as its gateway and the other regions show it. */
import { quorumOf } from '#protocols/quorum.ts';
import type { HealthCheck } from './node.ts';
import type { RegionCore } from './region.ts';

type Parts = Pick<RegionCore, 'host' | 'actors' | 'context'>;

export function checksOf(core: Parts): readonly HealthCheck[] {
  return [...ownChecks(core), ...surroundings(core)];
}

function ownChecks(core: Pick<Parts, 'host' | 'actors'>): readonly HealthCheck[] {
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

/** What a region cannot help: without the others nothing is decided. */
function surroundings({ context }: Pick<Parts, 'context'>): readonly HealthCheck[] {
  const { id, constitution, ports } = context;
  const { connected, reason } = ports.transport.standing();
  const { members, faultModel } = constitution.epoch;
  const peers = new Set(ports.transport.peers());
  const reachable = members.filter((member) => member.id === id || peers.has(member.id)).length;
  const quorum = quorumOf(members.length, faultModel);
  const count = `${quorum} of ${members.length} needed, ${reachable} reachable`;
  return [
    { name: 'fabric', ok: connected, reason },
    { name: 'quorum', ok: reachable >= quorum, reason: count },
  ];
}

/** What the region has to say for itself to the others; null when it is well. */
export function faultOf(core: Pick<Parts, 'host' | 'actors'>): string | null {
  return ownChecks(core).find(({ ok }) => !ok)?.reason ?? null;
}
