/** How far the execution of a decision has come; its id is the decision's. */
import Type, { type Static } from 'typebox';
import { type AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import { Digest, Timestamp } from '#protocols/messages/common.ts';
import type { ProposalView } from '#regions/node.ts';
import { closed, nullable } from './common.ts';

/** The steps of an execution; what came before is the decision's own story. */
const executionSteps: readonly AuditStep[] = [
  'dry-run',
  'gate',
  'approval',
  'released',
  'intent',
  'pre-state',
  'applied',
  'post-state',
  'restored',
  'outcome',
];

export const StatusWire = Type.Object(
  {
    state: Type.String(),
    /** Nothing has been changed: there is a dry-run at most. */
    dry_run: Type.Boolean(),
    steps: Type.Array(
      Type.Object(
        { step: AuditStep, at: Timestamp, actor: Type.String(), why: Type.String() },
        closed,
      ),
    ),
    pre_sha256: nullable(Digest),
    post_sha256: nullable(Digest),
    /** Who approved it, by roster id; several are separated by commas. */
    approver: nullable(Type.String()),
    justification: Type.String(),
    /** A line for every entry of the log about the decision, oldest first. */
    log: Type.Array(Type.String()),
  },
  { $id: 'status/1', additionalProperties: false },
);
export type StatusWire = Static<typeof StatusWire>;

export function statusWire(view: ProposalView, entries: readonly AuditEntry[]): StatusWire {
  const own = entries.filter(({ decisionId }) => decisionId === view.proposalId);
  const approvals = view.approvals.filter(({ verdict }) => verdict === 'approve');
  const released = own.find(({ step }) => step === 'released');
  const approvers = approvals.map(({ approver }) => approver).join(', ');
  const reasons = approvals.map(({ reason }) => reason).join('; ');
  return {
    state: view.status,
    dry_run: !own.some(({ step }) => step === 'intent'),
    steps: own
      .filter(({ step }) => executionSteps.includes(step))
      .map(({ step, at, actor, reason }) => ({ step, at, actor, why: reason })),
    pre_sha256: view.enactment?.preState ?? view.dryRun?.preState ?? null,
    post_sha256: view.enactment?.postState ?? null,
    approver: approvers === '' ? null : approvers,
    justification: reasons || released?.reason || view.manifest?.rationale || '',
    log: entries.map(({ at, step, actor, reason }) => `${at} ${step} ${actor}: ${reason}`),
  };
}
