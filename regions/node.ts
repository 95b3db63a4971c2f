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
import type { FaultModel } from '#protocols/messages/epoch.ts';
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

export interface VoteView {
  readonly region: string;
  readonly round: number;
  readonly step: SignedVote['step'];
  readonly value: string;
  readonly judgement: SignedVote['judgement'] | null;
  /** When this region first held the vote, by its own clock; null where that was not recorded. */
  readonly at: string | null;
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
  /** When this region first heard of the instance, RFC 3339. */
  readonly openedAt: string;
  /** When this region held the certificate. */
  readonly decidedAt: string | null;
  /** Who may vote: the members of the instance's epoch; whoever is not in `votes` did not. */
  readonly members: readonly string[];
  readonly quorum: number;
  readonly votes: readonly VoteView[];
  /** Members caught signing two values for one slot. */
  readonly equivocations: readonly {
    readonly region: string;
    readonly reason: string;
    readonly at: string;
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

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  /** The cursor of the following page. */
  readonly next: string | null;
}

export interface SignalFilter {
  /** Event time, milliseconds. */
  readonly since?: number;
  readonly service?: string;
  readonly severity?: Signal['severity'];
}

export interface ProposalFilter {
  readonly status?: ProposalStatus;
  readonly target?: string;
}

/** Signals of one tenant that belong together, and what came of them. */
export interface IncidentView {
  readonly incidentId: string;
  readonly tenant: string;
  /** open: news may still come, or something is under way; closed: neither. */
  readonly state: 'open' | 'closed';
  /** The service where it most likely began, and why we think so. */
  readonly origin: { readonly service: string; readonly signalId: string; readonly reason: string };
  readonly services: readonly string[];
  /** Oldest first, event time. */
  readonly signals: readonly Signal[];
  /** The newest risk that these signals raised. */
  readonly riskId: string | null;
  /** The playbooks put forward for it, the most confident first. */
  readonly recommendations: readonly {
    readonly playbookId: string;
    readonly confidence: number;
    readonly justification: string;
  }[];
  /** Decision ids, oldest first. */
  readonly proposals: readonly string[];
  /** Event time, RFC 3339. */
  readonly openedAt: string;
  readonly updatedAt: string;
}

export interface MemberView {
  readonly id: string;
  readonly state: 'ready' | 'degraded' | 'unreachable';
  /** Why it is not ready; empty when it is. */
  readonly reason: string;
  /** Certificates that this region holds and the member, as last heard, does not. */
  readonly lag: number | null;
  /** When this region last heard of it, RFC 3339. */
  readonly lastSeen: string | null;
}

export interface FederationView {
  readonly federation: string;
  /** The epoch in force. */
  readonly epoch: number;
  readonly faultModel: FaultModel;
  readonly quorum: number;
  readonly members: readonly MemberView[];
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
  /** Newest first. */
  proposals(
    tenant: string,
    page: PageRequest,
    filter?: ProposalFilter,
  ): Promise<PageOf<ProposalView>>;
  proposal(tenant: string, proposalId: string): Promise<ProposalView | null>;
  pending(tenant: string): Promise<readonly ProposalView[]>;
  /** Throws forbidden (roster, role, proposer), gone (expired), conflict (used, drifted). */
  approve(caller: Caller, request: VerdictRequest): Promise<ProposalView>;
  stop(
    caller: Caller,
    stop: Pick<Stop, 'action' | 'reason'> & { readonly target?: string },
  ): Promise<Stop>;

  /** The stops that no `resume` has lifted, oldest first. */
  stops(tenant: string): readonly Stop[];

  risk(tenant: string): Risk | null;
  /** Newest first, event time. */
  signals(tenant: string, page: PageRequest, filter?: SignalFilter): Promise<PageOf<Signal>>;
  /** The incident that a signal belongs to; null where it is not known, or no longer kept. */
  incidentOf(tenant: string, signalId: string): string | null;
  /** Newest first. */
  incidents(tenant: string, page: PageRequest): Promise<PageOf<IncidentView>>;
  incident(tenant: string, incidentId: string): Promise<IncidentView | null>;
  members(): FederationView;

  /** The tenant's entries of this region's log from a sequence number on, in order. */
  entries(
    tenant: string,
    from: number,
    limit: number,
  ): Promise<{
    readonly items: readonly AuditEntry[];
    /** Where to go on; equals the head's size when there is nothing more. */
    readonly next: number;
  }>;
  /** Everything about a proposal, or about an incident and its proposals. */
  audit(tenant: string, proposalId: string): Promise<readonly AuditEntry[]>;
  /** The canonical bytes of an offline receipt. */
  receipt(tenant: string, proposalId: string): Promise<Uint8Array | null>;
  checkpoint(): Promise<string>;
  auditHead(): { readonly size: number; readonly root: string };
  /** The inclusion path of an entry in the log of that size, hex (RFC 6962, 2.1.1). */
  inclusion(seq: number, size: number): readonly string[];
  /** Recomputes the whole tree and compares it with the signed head. */
  verifyAudit(): Promise<{
    readonly ok: boolean;
    readonly size: number;
    readonly root: string;
    readonly reason?: string;
  }>;

  /**
   * Small facts that a gateway must not forget over a restart: resolves once durable. Bounded
   * for each kind, which is what a key has before its first slash: the oldest go first, and each
   * goes when its time, in milliseconds, is over.
   */
  remember(key: string, fact: Uint8Array, until: number): Promise<void>;
  recall(key: string): Promise<Uint8Array | null>;

  /** Every audit entry once durable, in order; returns the unsubscriber. */
  subscribe(listener: (event: RegionEvent) => void): () => void;
  /** Resolves when the recording has ended and nothing is under way but what waits for people. */
  settled(): Promise<void>;
  /** Drains, seals the store, closes. */
  close(): Promise<void>;
}
