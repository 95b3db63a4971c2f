/** The members of the epoch in force, as this region knows them. */
import { quorumOf } from '#protocols/quorum.ts';
import { checksOf } from './checks.ts';
import type { FederationView, MemberView } from './node.ts';
import type { RegionCore } from './region.ts';

/** A member that says nothing for so many digests is unreachable: one or two may get lost. */
const silentDigests = 3;

export function federationView(core: RegionCore): FederationView {
  const { id, federation, constitution } = core.context;
  const { epoch, faultModel, members } = constitution.epoch;
  const others = new Map(othersOf(core).map((member) => [member.id, member]));
  return {
    federation,
    epoch,
    faultModel,
    quorum: quorumOf(members.length, faultModel),
    members: members.flatMap((member) =>
      member.id === id ? [ownView(core)] : (others.get(member.id) ?? []),
    ),
  };
}

function ownView(core: RegionCore): MemberView {
  const reason = checksOf(core).find(({ ok }) => !ok)?.reason ?? null;
  return {
    id: core.context.id,
    state: reason === null ? 'ready' : 'degraded',
    reason: reason ?? '',
    lag: 0,
    lastSeen: new Date(core.context.ports.clock.now()).toISOString(),
  };
}

function othersOf(core: RegionCore): readonly MemberView[] {
  const silentMs = silentDigests * core.options.limits.ballots.digestMs;
  const now = core.context.ports.clock.now();
  return core.host.peers(silentMs).map(({ id, heardAt, lag, unready }) => {
    const lastSeen = heardAt === null ? null : new Date(heardAt).toISOString();
    if (heardAt === null || now - heardAt > silentMs) {
      const reason =
        heardAt === null
          ? 'not heard since this region started'
          : `silent for more than ${silentMs / 1000} s`;
      return { id, state: 'unreachable', reason, lag, lastSeen };
    }
    return { id, state: unready === '' ? 'ready' : 'degraded', reason: unready, lag, lastSeen };
  });
}
