/**
 * What the five agents of a tenant hear and say. One list, because the words of one agent are
 * the ears of the next; the host carries them, durable before delivered.
 *
 *   points -> observer -signal-> scorer -risk-> negotiator -candidate-> ballot
 *   ballot -judge-> scorer -judgement-> negotiator -verdict-> ballot -certificate->
 *   executor -dry-run-> governance -release-> executor -enactment->
 *
 * Events are `noun.pastParticiple`: the fact is on disk when an agent hears it. Emitted events
 * are wishes: they are on disk only after the host has written them.
 */
import type { Instance, ValueId } from '#protocols/ids.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { DryRun, Enactment, EnactmentOutcome, Stop } from '#protocols/messages/enactment.ts';
import type { ActionKind, Gate, Manifest, Role } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { MetricKind, Signal } from '#protocols/messages/signal.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

/** An anomalous point, as the detectors hand it to the observer. `at` is event time in ms. */
export interface Anomaly {
  readonly service: string;
  readonly metric: string;
  readonly kind: MetricKind;
  readonly at: number;
  readonly value: number;
  readonly direction: 'above' | 'below';
  /** 0..1 */
  readonly score: number;
  readonly method: 'zscore' | 'ewma';
  readonly zscore: number;
  readonly ewma: number;
  readonly mean: number;
  readonly deviation: number;
  readonly points: number;
}

/** A certified manifest on its way to an outcome. */
export interface Decision {
  readonly decisionId: string;
  readonly instance: Instance;
  readonly manifest: Manifest;
  /** The manifest's content id. */
  readonly digest: ValueId;
  /** Whether this region is the manifest's executor. */
  readonly mine: boolean;
  /** The person who put it forward, where it was one: never an approver of it. */
  readonly submittedBy?: string;
}

export type ObserverEvent = { readonly type: 'anomaly.detected'; readonly anomaly: Anomaly };
export type ObserverEmitted = { readonly type: 'signal'; readonly signal: Signal };

export type ScorerEvent =
  | { readonly type: 'signal.recorded'; readonly signal: Signal }
  /** Event time, ms: risks decay with it. Sent about once an event-time hour. */
  | { readonly type: 'time.advanced'; readonly at: number }
  | {
      readonly type: 'judgement.requested';
      readonly instance: Instance;
      readonly value: ValueId;
      readonly manifest: Manifest;
      /** What this region's driver sees of the target now. */
      readonly observed: TargetState | null;
    };
export type ScorerEmitted =
  | { readonly type: 'risk'; readonly risk: Risk }
  | {
      readonly type: 'judgement';
      readonly instance: Instance;
      readonly value: ValueId;
      readonly manifest: Manifest;
      readonly observed: TargetState | null;
      readonly judgement: Judgement;
      /** This region's own risk for the service at that moment: what a counter is composed from. */
      readonly risk: Risk;
    };

export type NegotiatorEvent =
  | { readonly type: 'risk.recorded'; readonly risk: Risk }
  | {
      readonly type: 'judgement.recorded';
      readonly instance: Instance;
      readonly value: ValueId;
      readonly manifest: Manifest;
      readonly observed: TargetState | null;
      readonly judgement: Judgement;
      readonly risk: Risk;
    }
  /** The target is free again: decided and, if enacted, ended. `at` is event time in ms. */
  | {
      readonly type: 'decision.closed';
      readonly instance: Instance;
      readonly outcome: ClosedAs;
      /** What the certified manifest does; null for ABORT. */
      readonly action: ActionKind | null;
      readonly at: number;
    };
export type ClosedAs = EnactmentOutcome | 'abort';
export type NegotiatorEmitted =
  | { readonly type: 'candidate'; readonly manifest: Manifest; readonly judgement: Judgement }
  | {
      readonly type: 'verdict';
      readonly instance: Instance;
      readonly value: ValueId;
      readonly judgement: Judgement;
      /** What this region would rather do; the host puts its digest into the judgement. */
      readonly counter: Manifest | null;
    };

export type ExecutorEvent =
  | {
      readonly type: 'decision.certified';
      readonly decision: Decision;
      /** After a restart: the dry-run on record, so that it is not repeated. */
      readonly dryRun?: DryRun;
    }
  | { readonly type: 'decision.released'; readonly decisionId: string }
  | {
      readonly type: 'decision.closed';
      readonly decisionId: string;
      readonly outcome: CloseOutcome;
      readonly reason: string;
    }
  | { readonly type: 'stop.recorded'; readonly stop: Stop }
  /** After a restart: an intent is on disk and its result is not. Told after the stops. */
  | {
      readonly type: 'enactment.found';
      readonly decision: Decision;
      readonly dryRun: DryRun;
      /** Its result is on disk, but it is an emergency stop's: what became of it is not known. */
      readonly stopped?: boolean;
    };
export type ExecutorEmitted =
  | { readonly type: 'dry-run'; readonly dryRun: DryRun }
  | { readonly type: 'enactment'; readonly enactment: EnactmentResult };
/** The host adds when it started and ended, as it writes it. */
export type EnactmentResult = Omit<Enactment, 'startedAt' | 'endedAt'>;
/** Why governance ends a decision that was never released, or releases no longer. */
export type CloseOutcome = 'denied' | 'expired' | 'void' | 'failed';

export type GovernanceEvent =
  | { readonly type: 'decision.certified'; readonly decision: Decision }
  | {
      readonly type: 'dry-run.recorded';
      readonly dryRun: DryRun;
      /** After a restart: what is left of the approval TTL. */
      readonly ttlLeftMs?: number;
    }
  /** Verified against the roster; `role` list and id come from it, never from the approval. */
  | {
      readonly type: 'approval.recorded';
      readonly approval: Approval;
      readonly roles: readonly Role[];
    }
  | { readonly type: 'enactment.recorded'; readonly enactment: Enactment };
export type GovernanceEmitted =
  /** What is still missing. Said again when that changes and after a restart. */
  | {
      readonly type: 'gate';
      readonly decision: Decision;
      readonly missing: Gate;
      /** Milliseconds since the Unix epoch, by the executor's clock at its dry-run. */
      readonly expiresAt: number;
    }
  | { readonly type: 'release'; readonly decision: Decision; readonly approvers: readonly string[] }
  | {
      readonly type: 'close';
      readonly decision: Decision;
      readonly outcome: CloseOutcome;
      readonly reason: string;
    }
  | {
      readonly type: 'alert';
      readonly policy: PolicyName;
      readonly subject: string;
      readonly reason: string;
    };
export type PolicyName = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7';

export type AgentName = 'observer' | 'scorer' | 'negotiator' | 'executor' | 'governance';
export type AgentEmitted =
  | ObserverEmitted
  | ScorerEmitted
  | NegotiatorEmitted
  | ExecutorEmitted
  | GovernanceEmitted;
export type AgentEvent =
  | ObserverEvent
  | ScorerEvent
  | NegotiatorEvent
  | ExecutorEvent
  | GovernanceEvent;
