/**
 * Every way in or out of a region. Production, the embedded federation and the simulator give
 * a region different implementations of these and nothing else.
 *
 * Ports promise what their contract suites in test/contracts/ check.
 */
import type { MlDsa44Verifier, Verifier } from '#protocols/crypto.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { MetricKind } from '#protocols/messages/signal.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import type { BroadcastKind } from '#protocols/subjects.ts';

export type Timer = unknown;

/** The node's clock. Detectors use event time instead; a replay never accelerates this clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump; safety never depends on it. */
  now(): number;
  setTimeout(fn: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** Bytes nobody can guess (production) or that the seed gives (simulation). */
export interface Random {
  bytes(length: number): Uint8Array;
}

export type StoreOp =
  | { readonly put: string; readonly value: Uint8Array }
  | { readonly del: string };

export interface StoreHead {
  readonly seq: number;
  /** Hex SHA-256 of the newest batch record, which names the one before. */
  readonly hash: string;
}

/**
 * A region's durable state. Batches are synced, atomic, numbered and hash-chained; commits
 * become durable in the order they were called. Reads see every commit that was called.
 */
export interface Store {
  /** True when the store was not closed in order last time: ask the peers before voting. */
  readonly unclean: boolean;
  head(): StoreHead;
  /** Resolves once the batch is on disk. A rejection is fatal: the caller must stop the process. */
  commit(ops: readonly StoreOp[]): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keys with the prefix in ascending order (descending with `reverse`), after `after`. */
  scan(range: ScanRange): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Seals the store: the next open is clean. */
  close(): Promise<void>;
}

export interface ScanRange {
  readonly prefix: string;
  readonly after?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * Best-effort, ordered per link. A message to nobody is dropped, not thrown, and so is one that
 * finds the way full: callers repeat what matters.
 */
export interface Transport {
  readonly self: string;
  send(to: string, bytes: Uint8Array): void;
  /** A fabric may keep `documents` for members that are away, and may then deliver them twice. */
  broadcast(bytes: Uint8Array, kind: BroadcastKind): void;
  /** One listener; `from` is the authenticated sender. */
  onMessage(listener: (from: string, bytes: Uint8Array) => void): void;
  /** The members heard of lately and fit to talk to. */
  peers(): readonly string[];
  /** Whether messages can leave at all, and what keeps them from it. */
  standing(): { readonly connected: boolean; readonly reason: string };
  /** Says goodbye, sends what is under way, and closes; closing twice is closing once. */
  close(): Promise<void>;
}

export interface Signer {
  /** Lower-case hex of the 32-byte Ed25519 public key. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array;
}

/** The audit log's own keys: both sign every checkpoint. */
export interface LogSigner {
  readonly publicKey: string;
  readonly publicKeyMlDsa44: string;
  sign(message: Uint8Array): Uint8Array;
  signMlDsa44(message: Uint8Array): Uint8Array;
}

export interface TelemetryPoint {
  readonly tenant: string;
  readonly service: string;
  readonly metric: string;
  readonly kind: MetricKind;
  /** Event time, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly value: number;
}

export interface TelemetryBatch {
  /** Give this back to open() to go on after this batch. */
  readonly offset: string;
  /** Event time up to which everything has been delivered. */
  readonly upTo: number;
  readonly points: readonly TelemetryPoint[];
}

export interface TelemetrySource {
  /** Batches after the offset, or from the beginning; ends when a recording ends. */
  open(offset: string | null): AsyncIterable<TelemetryBatch>;
  close(): Promise<void>;
}

export interface Enact {
  readonly target: string;
  /** Written to the object; a write below the object's own version is refused as fenced. */
  readonly version: number;
  /** Applying twice under one id is applying once. */
  readonly enactmentId: string;
  readonly action: Action;
}

export interface DryRunResult {
  readonly ok: boolean;
  readonly diff: readonly { readonly field: string; readonly from: string; readonly to: string }[];
  readonly reasons: readonly string[];
  /** Monthly cost change. */
  readonly costDelta: number;
}

/** Changes targets: the mock cluster, Kubernetes, a cloud. A plugin of this shape is a driver. */
export interface Driver {
  readonly name: string;
  /** Null when there is no such target. */
  observe(target: string): Promise<TargetState | null>;
  /** Changes nothing. */
  dryRun(target: string, action: Action): Promise<DryRunResult>;
  apply(enact: Enact): Promise<'applied' | 'already-applied' | 'fenced'>;
  /** Whether the target is healthy in the state the action asks for. */
  verify(
    target: string,
    action: Action,
  ): Promise<{ readonly ok: boolean; readonly reasons: readonly string[] }>;
  /** Puts back the fields that the action changes, under the same enactment id and version. */
  restore(enact: Enact, before: TargetState): Promise<void>;
  /** Whether the enactment id reached the target; asked after a crash, never guessed. */
  probe(target: string, enactmentId: string): Promise<'applied' | 'not-applied'>;
}

export interface Log {
  child(fields: Record<string, unknown>): Log;
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Counters and gauges by stable name; labels are few and bounded. */
export interface Metrics {
  count(name: string, labels?: Record<string, string>, by?: number): void;
  gauge(name: string, value: number, labels?: Record<string, string>): void;
  observe(name: string, value: number, labels?: Record<string, string>): void;
}

/** What a region is given. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly transport: Transport;
  readonly signer: Signer;
  readonly logSigner: LogSigner;
  /** The strict rule in production; the simulator's pair to its own signers. */
  readonly verifier: Verifier;
  readonly mlDsa44Verifier: MlDsa44Verifier;
  readonly telemetry: TelemetrySource;
  readonly driver: Driver;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Ends the process (or the simulated node): a failed sync or a broken assertion. */
  fatal(error: unknown): void;
}
