/** Decisions as operators see them: the read side of regions/decisions.ts. */
import type { BallotHost } from '#fabric/host/ballot-host.ts';
import { heldVotes } from '#fabric/host/ballots.ts';
import type { Store } from '#fabric/ports.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import {
  type DecisionRecord,
  type Decisions,
  needsPeople,
  statusOf,
  votesOf,
} from './decisions.ts';
import type { ProposalView } from './node.ts';

export async function viewOf(
  record: DecisionRecord,
  sources: { readonly decisions: Decisions; readonly host: BallotHost; readonly store: Store },
): Promise<ProposalView> {
  const { instance, gate } = record;
  const open = sources.host.ballot(instance);
  const votes = open ? heldVotes(open) : await votesOf(sources.store, instance);
  const others = sources.decisions.of(instance).filter((one) => one.counter);
  return {
    proposalId: record.decisionId,
    tenant: instance.tenant,
    target: instance.target,
    version: instance.version,
    status: statusOf(record),
    digest: record.value === 'abort' ? null : record.value,
    manifest: record.manifest,
    votes: votes.map(voteView),
    counters: others.flatMap(({ manifest, value }) =>
      manifest ? [{ region: manifest.proposer, digest: value, manifest }] : [],
    ),
    certificate: record.certificate,
    dryRun: record.dryRun?.document ?? null,
    missing: gate && !record.released ? gate.missing : null,
    expiresAt: gate && needsPeople(gate.missing) ? new Date(gate.expiresAt).toISOString() : null,
    approvals: record.approvals.map(({ approval }) => ({
      approver: approval.approver,
      verdict: approval.verdict,
      reason: approval.reason,
      at: approval.at,
    })),
    enactment: record.enactment?.document ?? null,
    updatedAt: new Date(record.updatedAt).toISOString(),
  };
}

function voteView({
  member,
  round,
  step,
  value,
  judgement,
}: SignedVote): ProposalView['votes'][number] {
  return { region: member, round, step, value, judgement: judgement ?? null };
}
