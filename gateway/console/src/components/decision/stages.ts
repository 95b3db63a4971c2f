/**
 * How far a decision has come: a fixed line of stages, and where it left that line.
 *
 *   candidate > votes > certificate > dry-run > gate > intent > act > verify > end
 *
 * A stage counts as done when something proves it: the decision itself, or an entry of its audit
 * trail. The stage after the furthest proven one is under way or, when the decision has ended,
 * the one where it stopped.
 */
import type { AuditWire, ProposalWire } from '../../lib/wire.ts';

export const stageKeys = [
  'candidate',
  'votes',
  'certificate',
  'dry-run',
  'gate',
  'intent',
  'act',
  'verify',
  'end',
] as const;
export type StageKey = (typeof stageKeys)[number];
export type StageState = 'done' | 'now' | 'ahead' | 'stopped' | 'skipped';

export interface Stage {
  readonly key: StageKey;
  readonly label: string;
  readonly state: StageState;
  readonly at: string | null;
  readonly note: string;
}

const labels: Readonly<Record<StageKey, string>> = {
  candidate: 'Candidate',
  votes: 'Votes',
  certificate: 'Certificate',
  'dry-run': 'Dry-run',
  gate: 'Gate',
  intent: 'Intent',
  act: 'Act',
  verify: 'Verify',
  end: 'Done',
};

const ends: Readonly<Record<string, string>> = {
  enacted: 'Done',
  'rolled-back': 'Rolled back',
  aborted: 'Aborted',
  denied: 'Denied',
  void: 'Void',
  expired: 'Expired',
  superseded: 'Superseded',
  failed: 'Failed',
  lost: 'Not chosen',
};

/** Whether anything can still happen to it. */
export function isEnded({ status }: Pick<ProposalWire, 'status'>): boolean {
  return status in ends;
}

export function stagesOf(proposal: ProposalWire, trail: readonly AuditWire[] = []): Stage[] {
  const proofs = proofsOf(proposal, trail);
  // What is proven proves what comes before it, whose news this region may not have had.
  const reached = stageKeys.findLastIndex((key) => proofs[key].isDone);
  const hasEnded = isEnded(proposal);
  return stageKeys.map((key, index) => {
    const { at, note } = proofs[key];
    const isStop = index === reached + 1 && hasEnded;
    const label = key === 'end' ? (ends[proposal.status] ?? labels.end) : labels[key];
    const state = stateOf(index - reached, key === 'end', hasEnded);
    return { key, label, state, at, note: isStop ? reasonOf(proposal) : note };
  });
}

/** `distance` is from the furthest stage that is proven. */
function stateOf(distance: number, isEnd: boolean, hasEnded: boolean): StageState {
  if (distance <= 0) return 'done';
  if (!hasEnded) return distance === 1 ? 'now' : 'ahead';
  return distance === 1 || isEnd ? 'stopped' : 'skipped';
}

interface Proof {
  readonly isDone: boolean;
  readonly at: string | null;
  readonly note: string;
}

function proofsOf(
  proposal: ProposalWire,
  trail: readonly AuditWire[],
): Readonly<Record<StageKey, Proof>> {
  const { status, votes, dry_run: dryRun, executions, approvals, manifest } = proposal;
  const [execution] = executions;
  const entry = (step: AuditWire['step']) => {
    const found = trail.filter((one) => one.proposal_id === proposal.proposal_id);
    return found.findLast((one) => one.step === step);
  };
  const hasActed = status === 'enacted' || status === 'rolled-back';
  const hasBegun = hasActed || status === 'enacting' || Boolean(execution?.started_at);
  const isWon = proposal.certificate !== null && proposal.certificate.value === proposal.digest;
  const released = entry('released');
  const judged = votes.filter(({ step }) => step === 'prevote' || step === 'precommit');
  return {
    candidate: proof(votes.length > 0 || manifest !== null, proposal.opened_at, by(proposal)),
    votes: proof(judged.length > 0 || isWon, firstAt(judged), heard(proposal)),
    certificate: proof(isWon, proposal.decided_at, signers(proposal)),
    'dry-run': proof(dryRun?.verdict === 'pass', dryRun?.at, dryRun ? `${dryRun.verdict}` : ''),
    gate: proof(
      hasBegun || status === 'released' || released !== undefined,
      released?.at ?? approvals.at(-1)?.at,
      released?.why ?? '',
    ),
    intent: proof(
      hasBegun || entry('intent') !== undefined,
      entry('intent')?.at ?? execution?.started_at,
    ),
    act: proof(
      hasActed || entry('applied') !== undefined,
      entry('applied')?.at,
      // The log of another region has the executor's own entries.
      entry('applied')?.why ?? (hasActed && manifest ? `by ${manifest.executor}` : ''),
    ),
    verify: proof(
      status === 'enacted',
      entry('post-state')?.at ?? entry('restored')?.at,
      entry('post-state')?.why,
    ),
    end: proof(status === 'enacted', execution?.ended_at, execution?.reason),
  };
}

function proof(
  isDone: boolean,
  at: string | null | undefined,
  note: string | undefined = '',
): Proof {
  return { isDone, at: at ?? null, note };
}

function by({ manifest }: ProposalWire): string {
  if (!manifest) return '';
  return manifest.submittedBy
    ? `${manifest.submittedBy}, through ${manifest.proposer}`
    : `by ${manifest.proposer}`;
}

function heard({ votes, members }: ProposalWire): string {
  const judged = votes.filter(({ step }) => step === 'prevote');
  return `${new Set(judged.map(({ region }) => region)).size} of ${members.length} heard`;
}

function signers({ certificate }: ProposalWire): string {
  return certificate ? certificate.signatures.map(({ member }) => member).join(', ') : '';
}

function firstAt(votes: ProposalWire['votes']): string | null {
  const times = votes.flatMap(({ at }) => (at === null ? [] : [at]));
  return times.sort()[0] ?? null;
}

/** Why it stopped, in one sentence. */
export function reasonOf(proposal: ProposalWire): string {
  const { status, certificate, executions, dry_run: dryRun } = proposal;
  if (executions[0]?.reason) return executions[0].reason;
  if (certificate?.value === 'abort') return 'a quorum certified doing nothing';
  if (status === 'lost') return 'a quorum certified another manifest';
  if (dryRun?.verdict === 'fail') return dryRun.reasons.join('; ');
  return status;
}
