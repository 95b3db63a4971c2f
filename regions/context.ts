/** What the parts of a running region share. */

import type { AgentEvent, AgentName, Decision } from '#agents/events.ts';
import type { BallotHost } from '#fabric/host/ballot-host.ts';
import type { Instances } from '#fabric/host/instances.ts';
import type { Ledger } from '#fabric/host/ledger.ts';
import type { KeyedQueue } from '#fabric/keyed-queue.ts';
import type { Ports } from '#fabric/ports.ts';
import { decisionId, type Instance, type ValueId } from '#protocols/ids.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import type { Constitution } from './constitution.ts';
import type { Decisions } from './decisions.ts';
import type { Mode } from './node.ts';

/** Tells an agent of a tenant; false when its mailbox is full. */
export type Tell = (tenant: string, agent: AgentName, event: AgentEvent) => boolean;

export interface RegionLimits {
  /** How long a manifest may wait to be started. */
  readonly manifestTtlMs: number;
  /** Telemetry batches between two durable offsets. */
  readonly checkpointBatches: number;
  /** Facts of one kind that are remembered for a gateway. */
  readonly rememberedMax: number;
}

export interface RegionContext {
  readonly id: string;
  readonly federation: string;
  readonly mode: Mode;
  readonly ports: Ports;
  readonly limits: RegionLimits;
  readonly constitution: Constitution;
  readonly instances: Instances;
  readonly ledger: Ledger;
  readonly decisions: Decisions;
  /** Signed playbooks by digest. */
  readonly playbooks: ReadonlyMap<string, Playbook>;
  readonly host: () => BallotHost;
  /**
   * By decision id. Whoever writes about a decision must see what was written before, also what
   * is still on its way to the disk: the second of two verdicts, an intent after a denial.
   */
  readonly inTurn: KeyedQueue;
  /** How far the telemetry has been read, event time in ms. */
  readonly eventTime: () => number;
}

export function decisionOf(
  context: Pick<RegionContext, 'federation' | 'id'>,
  instance: Instance,
  value: ValueId,
  manifest: Manifest,
): Decision {
  return {
    decisionId: decisionId(context.federation, instance, value),
    instance,
    manifest,
    digest: value,
    mine: manifest.executor === context.id,
    ...(manifest.submittedBy && { submittedBy: manifest.submittedBy }),
  };
}
