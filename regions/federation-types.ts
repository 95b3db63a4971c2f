/**
 * The embedded federation: several regions in one process, as openFederation() gives them to
 * the gateway, the CLI and tests.
 */
import type { Log, Metrics } from '#fabric/ports.ts';
import type { TrustRoot } from '#protocols/epochs/trust.ts';
import type { Config } from './config.ts';
import type { RegionCounts, RegionEvent, RegionNode } from './node.ts';

export type { TrustRoot };

export interface FederationOptions {
  readonly config: Config;
  /** A folder of series to replay; null for the shipped recording. */
  readonly datasetDir: string | null;
  /** Begin with a new data folder. */
  readonly fresh: boolean;
  /**
   * How many event-time seconds pass in one second, 0 for as fast as possible, null for what
   * suits the recording. The node's clock is never accelerated.
   */
  readonly speed: number | null;
  readonly log: Log;
  /** Hears every audit entry of every region once durable, from the first one on. */
  readonly onNarration?: (event: RegionEvent) => void;
}

/** The last line of `quorate up --once --json`. */
export interface UpSummary extends RegionCounts {
  readonly regions: number;
  readonly tenants: number;
  readonly firstDecisionMs: number | null;
  readonly auditHeads: Readonly<Record<string, { readonly size: number; readonly root: string }>>;
  /** Paths of the receipts written, relative to the working directory where possible. */
  readonly receipts: readonly string[];
  /** The counts of this run alone. */
  readonly thisRun: RegionCounts;
}

export interface Federation {
  /** The first one serves the gateway. */
  readonly regions: readonly RegionNode[];
  readonly trustRoot: TrustRoot;
  readonly dataDir: string;
  /** Milliseconds from the start of the process to the first certificate. */
  firstDecisionMs(): number | null;
  summary(): UpSummary;
  /** How far every region has read its recording: event time, 0 before the first row. */
  replay(): { readonly upTo: number; readonly isOver: boolean };
  /** Where its gateway counts what it is asked: the metrics of the first region. */
  readonly metrics: Metrics;
  /** The same in Prometheus text format. */
  metricsText(): Promise<string>;
  settled(): Promise<void>;
  close(): Promise<void>;
}
