/** Decisions as operators see them: the read side of regions/decisions.ts. */
import type { HeldSince } from '#fabric/host/vote-times.ts';
import { epochOfVersion } from '#protocols/ids.ts';
import { quorumOf } from '#protocols/quorum.ts';
import { type DecisionRecord, needsPeople, statusOf, votesOf } from './decisions.ts';
import type { ProposalView, VoteView } from './node.ts';
import type { RegionCore } from './region.ts';

export async function viewOf(core: RegionCore, record: DecisionRecord): Promise<ProposalView> {
  const { instance, gate } = record;
  const { decisions, ports } = core.context;
  const votes = core.host.held(instance) ?? (await votesOf(ports.store, instance));
  const others = decisions.of(instance).filter((one) => one.counter);
  return {
    proposalId: record.decisionId,
    tenant: instance.tenant,
    target: instance.target,
    version: instance.version,
    status: statusOf(record),
    digest: record.value === 'abort' ? null : record.value,
    manifest: record.manifest,
    ...timesOf(core, record, votes),
    ...votersOf(core, record),
    votes: votes.map(voteView),
    counters: others.flatMap(({ manifest, value }) =>
      manifest ? [{ region: manifest.proposer, digest: value, manifest }] : [],
    ),
    certificate: record.certificate,
    dryRun: record.dryRun?.document ?? null,
    missing: gate && !record.released ? gate.missing : null,
    expiresAt: gate && needsPeople(gate.missing) ? timestamp(gate.expiresAt) : null,
    approvals: record.approvals.map(({ approval }) => ({
      approver: approval.approver,
      verdict: approval.verdict,
      reason: approval.reason,
      at: approval.at,
    })),
    enactment: record.enactment?.document ?? null,
    updatedAt: timestamp(record.updatedAt),
  };
}

type Times = Pick<ProposalView, 'openedAt' | 'decidedAt' | 'equivocations' | 'updatedAt'>;

function timesOf(
  core: RegionCore,
  { instance, updatedAt }: DecisionRecord,
  votes: readonly HeldSince[],
): Times {
  const history = core.log.histories.get(instance);
  // The first vote is held a moment before the turn it came with is on record.
  const seen = votes.flatMap(({ at }) => at ?? []);
  const openedAt = Math.min(history?.openedAt ?? updatedAt, ...seen);
  const decidedAt = history?.decidedAt ?? null;
  return {
    openedAt: timestamp(openedAt),
    decidedAt: decidedAt === null ? null : timestamp(decidedAt),
    equivocations: history?.equivocations ?? [],
    // Read back from the store a certificate has no time of its own; its audit entry has.
    updatedAt: timestamp(Math.max(updatedAt, decidedAt ?? openedAt)),
  };
}

/** By the rules of the epoch in which the instance was, or is, voted on. */
function votersOf(
  core: RegionCore,
  { instance, certificate }: DecisionRecord,
): Pick<ProposalView, 'members' | 'quorum'> {
  const { constitution } = core.context;
  const number = certificate?.epoch ?? epochOfVersion(instance.version);
  const { members, faultModel } = constitution.epochNumbered(number) ?? constitution.epoch;
  return {
    members: members.map(({ id }) => id),
    quorum: quorumOf(members.length, faultModel),
  };
}

function voteView({ vote, at }: HeldSince): VoteView {
  const { member, round, step, value, judgement } = vote;
  const heldAt = at === null ? null : timestamp(at);
  return { region: member, round, step, value, judgement: judgement ?? null, at: heldAt };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
