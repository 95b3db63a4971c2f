/** Decisions as a gateway of the demo federation shows them, and changes to them. */
import type { ProposalWire } from '#gateway/views/proposal.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';

type Vote = ProposalWire['votes'][number];

export const regions = ['ap-south', 'eu-west', 'us-east'] as const;
export const sixteen = `sha256:${'26'.repeat(32)}`;
export const nineteen = `sha256:${'90'.repeat(32)}`;
const policyHash = `sha256:${'d0'.repeat(32)}`;
const preState = `sha256:${'d5'.repeat(32)}`;
const postState = `sha256:${'ae'.repeat(32)}`;

export function scaleTo(replicas: number, changes: Partial<Manifest> = {}): Manifest {
  return {
    type: 'manifest/1',
    federation: 'demo',
    epoch: 1,
    tenant: 'acme',
    targets: [{ target: 'acme/checkout', version: 4294967301 }],
    playbook: { id: 'scale-out', version: 1, digest: `sha256:${'88'.repeat(32)}` },
    action: { kind: 'scale', replicas },
    executor: 'eu-west',
    impact: 'low',
    reversible: true,
    notAfter: '2026-11-21T01:09:58.592Z',
    policyHash,
    rosterHash: policyHash,
    gate: { approvals: [], secondApprover: false, mfa: false, reasons: [] },
    preState,
    proposer: 'ap-south',
    rationale: `checkout: scale from 13 to ${replicas} replicas, because the load is above normal`,
    confidence: 0.626,
    signalIds: ['f8'.repeat(32)],
    nonce: '95'.repeat(32),
    ...changes,
  };
}

export function vote(
  region: string,
  [round, step, value]: readonly [number, Vote['step'], string],
  more: Partial<Vote> = {},
): Vote {
  return {
    region,
    round,
    step,
    value,
    verdict: null,
    confidence: null,
    reason: null,
    at: null,
    ...more,
  };
}

function after(ms: number): string {
  return new Date(Date.UTC(2026, 10, 21, 0, 9, 58, 583 + ms)).toISOString();
}

/** eu-west wants 19 replicas, ap-south counters with 16, us-east sees no reason for either. */
export const countered: ProposalWire = {
  proposal_id: 'd2'.repeat(32),
  tenant_id: 'acme',
  target: 'acme/checkout',
  version: 4294967301,
  status: 'enacted',
  impact: 'low',
  digest: sixteen,
  manifest: scaleTo(16),
  score: null,
  dry_run: {
    verdict: 'pass',
    diff: [{ field: 'replicas', from: '13', to: '16' }],
    blast_radius: 0.5,
    cost_delta: 40.5,
    pre_state_sha256: preState,
    reasons: [],
    at: after(29),
  },
  votes: [
    vote('eu-west', [0, 'candidate', nineteen], { at: after(0) }),
    vote('eu-west', [0, 'proposal', nineteen], { at: after(0) }),
    vote('eu-west', [1, 'prevote', sixteen], { at: after(20), verdict: 'accept', confidence: 0.9 }),
    vote('eu-west', [1, 'precommit', sixteen], { at: after(23) }),
    vote('ap-south', [0, 'candidate', sixteen], { at: after(12) }),
    vote('ap-south', [1, 'proposal', sixteen], { at: after(12) }),
    vote('ap-south', [1, 'prevote', sixteen], { at: after(12), verdict: 'accept' }),
    vote('ap-south', [0, 'precommit', 'nil'], { at: after(11) }),
    vote('us-east', [1, 'prevote', 'nil'], {
      at: after(21),
      verdict: 'reject',
      confidence: 0.93,
      reason: 'no anomaly of checkout seen here in the last 6 h',
    }),
    vote('us-east', [1, 'precommit', sixteen], { at: after(22) }),
  ],
  counters: [{ region: 'ap-south', digest: sixteen, manifest: scaleTo(16) }],
  certificate: {
    type: 'certificate/1',
    federation: 'demo',
    epoch: 1,
    instance: { tenant: 'acme', target: 'acme/checkout', version: 4294967301 },
    round: 1,
    value: sixteen,
    signatures: ['eu-west', 'us-east'].map((member) => ({
      member,
      proof: { index: 0, leafCount: 1, path: [], signature: '36'.repeat(64) },
    })),
  },
  gate: null,
  approvals: [],
  executions: [
    {
      executor: 'eu-west',
      outcome: 'enacted',
      reason: 'verified',
      pre_sha256: preState,
      post_sha256: postState,
      started_at: after(34),
      ended_at: after(39),
    },
  ],
  expires_at: null,
  updated_at: after(39),
  opened_at: after(0),
  decided_at: after(25),
  members: [...regions],
  quorum: 2,
  equivocations: [],
};

/** The manifest that lost against the counter-proposal. */
export const lost: ProposalWire = {
  ...countered,
  proposal_id: '64'.repeat(32),
  status: 'lost',
  digest: nineteen,
  manifest: scaleTo(19, { proposer: 'eu-west', confidence: 0.9, impact: 'medium' }),
  dry_run: null,
  executions: [],
};

/** Waits for one approver; ap-south was never heard. */
export const waiting: ProposalWire = {
  ...countered,
  status: 'pending-approval',
  votes: countered.votes.filter(({ region }) => region !== 'ap-south'),
  gate: {
    approvals: [{ role: 'approver', count: 1 }],
    second_approver: false,
    mfa: false,
    reasons: ['P3: the playbook is manual'],
  },
  executions: [],
  expires_at: '2026-11-21T00:39:58.612Z',
};

/** The regions agreed to do nothing. */
export const aborted: ProposalWire = {
  ...countered,
  status: 'aborted',
  impact: null,
  digest: null,
  manifest: null,
  dry_run: null,
  counters: [],
  executions: [],
  votes: [
    vote('us-east', [0, 'candidate', nineteen]),
    vote('us-east', [3, 'prevote', 'nil']),
    vote('ap-south', [4, 'prevote', 'abort']),
    vote('ap-south', [4, 'precommit', 'abort']),
    vote('eu-west', [4, 'prevote', 'abort']),
    vote('eu-west', [4, 'precommit', 'abort']),
  ],
  certificate: countered.certificate && {
    ...countered.certificate,
    round: 4,
    value: 'abort',
    signatures: countered.certificate.signatures,
  },
};

/** One execution, with what differs from an enacted one. */
export function ended(
  outcome: ProposalWire['executions'][number]['outcome'],
  changes: Partial<ProposalWire['executions'][number]> = {},
): ProposalWire {
  const [execution] = countered.executions;
  return {
    ...countered,
    status: outcome,
    executions: execution ? [{ ...execution, outcome, ...changes }] : [],
  };
}
