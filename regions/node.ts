/**
 * What a running region offers to its gateway, the CLI and tests: the interface of region.ts.
 *
 * Reads answer for one tenant only; another tenant's id is not found. Writes resolve once what
 * they acknowledge is durable.
 */
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { DryRun, Enactment, Stop } from '#protocols/messages/enactment.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Action, Gate, Manifest, Role } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';

export type Mode = 'simulation' | 'production';

export type ProposalStatus =
  | 'negotiating'
  | 'certified'
  | 'pending-approval'
  | 'released'
  | 'enacting'
  | 'enacted'
  | 'rolled-back'
  | 'void'
  | 'denied'
  | 'expired'
  | 'superseded'
  | 'aborted'
  | 'failed'
  /** Another value was certified for the instance. */
  | 'lost';

export interface Caller {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
}

export interface ProposalView {
  /** The decision id. */
  readonly proposalId: string;
  readonly tenant: string;
  readonly target: string;
  readonly version: number;
  readonly status: ProposalStatus;
  readonly digest: string | null;
  /** Null for a decision to ABORT. */
  readonly manifest: Manifest | null;
  readonly votes: readonly {
    readonly region: string;
    readonly round: number;
    readonly step: SignedVote['step'];
    readonly value: string;
    readonly judgement: SignedVote['judgement'] | null;
  }[];
  readonly counters: readonly {
    readonly region: string;
    readonly digest: string;
    readonly manifest: Manifest;
  }[];
  readonly certificate: Certificate | null;
  readonly dryRun: DryRun | null;
  /** What the gate still asks for; null before the dry-run. */
  readonly missing: Gate | null;
  readonly expiresAt: string | null;
  readonly approvals: readonly {
    readonly approver: string;
    readonly verdict: 'approve' | 'deny';
    readonly reason: string;
    readonly at: string;
  }[];
  readonly enactment: Enactment | null;
  readonly updatedAt: string;
}

/** What a caller may put forward: the region completes it to a manifest. */
export interface ProposalRequest {
  readonly target: string;
  readonly action: Action;
  readonly playbook?: string;
  readonly rationale?: string;
}

export interface VerdictRequest {
  readonly proposalId: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason: string;
  readonly approver: string;
  /** Signed by the approver's own key; without it the region signs for the authenticated caller. */
  readonly proof?: Envelope;
}

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string;
}

export interface RegionCounts {
  readonly signals: number;
  readonly candidates: number;
  readonly counterProposals: number;
  readonly certificates: number;
  readonly aborted: number;
  readonly enacted: number;
  readonly rolledBack: number;
  readonly pendingApprovals: number;
}

export interface RegionEvent {
  readonly entry: AuditEntry;
}

export interface RegionNode {
  readonly id: string;
  readonly federation: string;
  readonly mode: Mode;
  tenants(): readonly string[];
  checks(): readonly HealthCheck[];
  /** From the audit log: totals, and those since this start. */
  counts(since?: 'start'): RegionCounts;

  submit(caller: Caller, request: ProposalRequest): Promise<ProposalView>;
  proposals(
    tenant: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: readonly ProposalView[]; next: string | null }>;
  proposal(tenant: string, proposalId: string): Promise<ProposalView | null>;
  pending(tenant: string): Promise<readonly ProposalView[]>;
  /** Throws forbidden (roster, role, proposer), gone (expired), conflict (used, drifted). */
  approve(caller: Caller, request: VerdictRequest): Promise<ProposalView>;
  stop(
    caller: Caller,
    stop: Pick<Stop, 'action' | 'reason'> & { readonly target?: string },
  ): Promise<Stop>;

  risk(tenant: string): Risk | null;
  signals(tenant: string, limit: number): Promise<readonly Signal[]>;

  audit(tenant: string, proposalId: string): Promise<readonly AuditEntry[]>;
  /** The canonical bytes of an offline receipt. */
  receipt(tenant: string, proposalId: string): Promise<Uint8Array | null>;
  checkpoint(): Promise<string>;
  auditHead(): { readonly size: number; readonly root: string };
  /** Recomputes the whole tree and compares it with the signed head. */
  verifyAudit(): Promise<{
    readonly ok: boolean;
    readonly size: number;
    readonly root: string;
    readonly reason?: string;
  }>;

  /** Every audit entry once durable, in order; returns the unsubscriber. */
  subscribe(listener: (event: RegionEvent) => void): () => void;
  /** Resolves when the recording has ended and nothing is under way but what waits for people. */
  settled(): Promise<void>;
  /** Drains, seals the store, closes. */
  close(): Promise<void>;
}
