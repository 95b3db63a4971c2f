/**
 * The approvals inbox: in which order things wait, how urgent they are, who may decide, and what
 * an answer of the gateway means to the person who just decided.
 */
import { describeGate } from '#gateway/words.ts';
import { hasRole } from '../../lib/roles.ts';
import type { GateWire, PendingWire, ProposalWire } from '../../lib/wire.ts';

/** Below this a countdown asks for attention, and moves its decision to the top. */
export const urgentMs = 5 * 60_000;
const lastMs = 60_000;

export type Urgency = 'calm' | 'soon' | 'last' | 'over';

export interface Countdown {
  readonly urgency: Urgency;
  readonly text: string;
}

const impactRank: Readonly<Record<string, number>> = { high: 0, medium: 1, low: 2 };

/** First what is about to expire, the soonest first; then by impact, the newest first. */
export function inOrder(items: readonly PendingWire[], now: number): PendingWire[] {
  const key = (item: PendingWire) => {
    const expires = expiresMs(item.expires_at);
    const isUrgent = expires - now < urgentMs;
    const rank = impactRank[item.impact ?? ''] ?? 3;
    return { group: isUrgent ? -1 : rank, within: isUrgent ? expires : -expires };
  };
  return items.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)];
    return (
      one.group - other.group ||
      one.within - other.within ||
      (a.proposal_id < b.proposal_id ? -1 : 1)
    );
  });
}

function expiresMs(expiresAt: string | null): number {
  return expiresAt === null ? Number.MAX_SAFE_INTEGER : Date.parse(expiresAt);
}

/** Minutes while there is time; seconds only when they matter. */
export function countdownTo(expiresAt: string | null, now: number): Countdown {
  if (expiresAt === null) return { urgency: 'calm', text: 'no deadline' };
  const left = expiresMs(expiresAt) - now;
  if (left <= 0) return { urgency: 'over', text: 'expired' };
  if (left < urgentMs) {
    const seconds = Math.ceil(left / 1000);
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
    return { urgency: left < lastMs ? 'last' : 'soon', text };
  }
  const minutes = Math.floor(left / 60_000);
  if (minutes < 120) return { urgency: 'calm', text: `${minutes} min left` };
  return { urgency: 'calm', text: `${Math.floor(minutes / 60)} h left` };
}

export type MayDecide =
  | { readonly kind: 'yes' }
  /** The gateway cannot sign for this person: their own key must, on the command line. */
  | { readonly kind: 'elsewhere'; readonly why: string }
  | { readonly kind: 'no'; readonly why: string };

/** What the gateway would say anyway, said before anybody types a reason. */
export function mayDecide(
  proposal: ProposalWire,
  session: {
    readonly subject: string;
    readonly roles: readonly string[];
    readonly may_sign: boolean;
  },
): MayDecide {
  const { subject, roles } = session;
  if (!hasRole(roles, 'approver')) {
    return { kind: 'no', why: `your roles (${roles.join(', ')}) do not approve` };
  }
  if (proposal.manifest?.submittedBy === subject) {
    return { kind: 'no', why: 'you put it forward; somebody else must decide' };
  }
  if (proposal.approvals.some(({ approver }) => approver === subject)) {
    return { kind: 'no', why: 'you have decided already; it waits for somebody else' };
  }
  if (!session.may_sign) {
    return { kind: 'elsewhere', why: 'this gateway does not sign for people' };
  }
  return { kind: 'yes' };
}

/** Of the roles that the gate asks for, those that this person does not have. */
export function rolesLacking(gate: GateWire | null, roles: readonly string[]): string[] {
  return (gate?.approvals ?? []).flatMap(({ role }) => (hasRole(roles, role) ? [] : [role]));
}

/** What differs between what was looked at and what is there now, in sentences. */
export function changesBetween(seen: ProposalWire, now: ProposalWire): string[] {
  const changes: string[] = [];
  const note = (what: string, from: string, to: string) => {
    if (from !== to) changes.push(`${what}: ${from} -> ${to}`);
  };
  note('status', seen.status, now.status);
  note('manifest', seen.digest ?? 'none', now.digest ?? 'none');
  note('pre-state', preStateOf(seen), preStateOf(now));
  note('dry-run', seen.dry_run?.verdict ?? 'none', now.dry_run?.verdict ?? 'none');
  note('waits for', waitsFor(seen), waitsFor(now));
  for (const approval of now.approvals.slice(seen.approvals.length)) {
    const did = approval.verdict === 'approve' ? 'approved' : 'denied';
    changes.push(`${approval.approver} ${did}: ${approval.reason}`);
  }
  return changes;
}

function preStateOf({ dry_run: dryRun }: ProposalWire): string {
  return dryRun?.pre_state_sha256 ?? 'none';
}

function waitsFor({ gate }: ProposalWire): string {
  return gate ? describeGate(gate) : 'nobody';
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field: string | null;
}

/** What a refused verdict means, and what to do about it. */
export function refusalWords({ status, code, detail, field }: Refusal): string {
  if (status === 409 && field === 'if-match') {
    return 'It has changed since you looked. Nothing was recorded. Read it again, then decide.';
  }
  if (status === 409) return `Nothing was recorded: ${detail}.`;
  if (status === 410) return `Too late, nothing was recorded: ${detail}.`;
  if (status === 403 && field === 'proof') {
    return 'This federation takes only verdicts signed with your own key: use the command below.';
  }
  if (status === 403) return `You may not decide this: ${detail}.`;
  if (status === 404) return 'It is no longer there.';
  if (status === 401) return 'Your session has ended. Log in again; nothing was recorded.';
  if (status === 429) return 'Too many requests. Nothing was recorded; try again in a moment.';
  if (code === 'unreachable') {
    return 'The gateway did not answer. Whether it was recorded shows when it is back.';
  }
  return `${detail}.`;
}

/** The same verdict on the command line. */
export function verdictCommand(
  verdict: 'approve' | 'deny',
  { proposalId, subject, reason }: { proposalId: string; subject: string; reason: string },
): string {
  const why = reason.trim() === '' ? 'why' : reason.trim();
  const short = proposalId.slice(0, 12);
  return `npx quorate ${verdict} ${short} --as ${word(subject)} --reason ${quoted(why)}`;
}

/** Quoted only where a shell would make more of it than a word. */
function word(text: string): string {
  return /^[\w@.+-]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `replicas 13 -> 16`: what would change, on one line. */
export function diffWords(diff: PendingWire['diff']): string {
  if (diff.length === 0) return 'nothing changes';
  return diff.map(({ field, from, to }) => `${field} ${from} → ${to}`).join(', ');
}
