/**
 * The one writer of a region: audit entries and the facts they speak of, in one synced batch.
 *
 * Whoever wants something durable calls commit() with drafts of audit entries and store
 * operations; the entries get their place in the Merkle log, all of it goes to the store as one
 * batch, and the promise resolves when it is on disk. Nothing may be sent, acknowledged or done
 * before that (architecture 4.4). Calls made while a batch is in flight share the next one.
 *
 * A failed sync is fatal: what the tree already counts is not on disk.
 */

import type { Clock, Metrics, Store, StoreOp } from '#fabric/ports.ts';
import { assert, required } from '#protocols/assert.ts';
import { fromUtf8, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';
import type { AuditDraft, AuditEntry } from '#protocols/messages/audit.ts';
import { validate } from '#protocols/messages/index.ts';

export interface LedgerOptions {
  readonly region: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly metrics: Metrics;
  fatal(error: unknown): void;
}

export interface AuditHead {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** An entry in its place, ready for the store. */
interface Placed {
  readonly key: string;
  readonly entry: AuditEntry;
  readonly bytes: Uint8Array;
}

const auditPrefix = 'audit/';
const seqDigits = 12;

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #tree = new MerkleTree();
  /** What was durable when this process started. */
  #startedAt = 0;
  #durableSize = 0;
  readonly #index = new Map<string, number[]>();
  /** Sequence numbers in order, 8 bytes an entry. */
  readonly #byTenant = new Map<string, number[]>();
  readonly #listeners = new Set<(entry: AuditEntry) => void>();

  private constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /**
   * Reads the whole log once, for everybody who wants to know it: entries that do not parse or
   * are out of sequence are corruption.
   */
  static async open(
    options: LedgerOptions,
    onEntry: (entry: AuditEntry) => void = () => {},
  ): Promise<Ledger> {
    const ledger = new Ledger(options);
    for await (const [key, bytes] of options.store.scan({ prefix: auditPrefix })) {
      const entry = parseEntry(key, bytes);
      if (entry.seq !== ledger.#tree.size) throw corrupt(key);
      ledger.#tree.append(leafHash(bytes));
      ledger.#remember(entry);
      onEntry(entry);
    }
    ledger.#durableSize = ledger.#tree.size;
    ledger.#startedAt = ledger.#tree.size;
    return ledger;
  }

  /** Entries from this sequence number on were written by this process. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Resolves with the entries once they and the operations are on disk. */
  async commit(
    drafts: readonly AuditDraft[],
    ops: readonly StoreOp[],
  ): Promise<readonly AuditEntry[]> {
    if (drafts.length + ops.length === 0) return [];
    const entries = this.#place(drafts);
    const batch: StoreOp[] = [...ops];
    for (const { key, bytes } of entries) batch.push({ put: key, value: bytes });
    const sizeAfter = this.#tree.size;
    const begun = this.#options.clock.now();
    try {
      await this.#options.store.commit(batch);
    } catch (error) {
      this.#options.fatal(error);
      throw error;
    }
    this.#options.metrics.observe(
      'store_sync_seconds',
      Math.max(0, this.#options.clock.now() - begun) / 1000,
    );
    assert(sizeAfter >= this.#durableSize, 'batches become durable in the order of their calls');
    this.#durableSize = sizeAfter;
    for (const { entry } of entries) {
      this.#options.metrics.count('audit_entries_total');
      for (const listener of this.#listeners) listener(entry);
    }
    return entries.map(({ entry }) => entry);
  }

  /** The durable head. */
  head(): AuditHead {
    return { size: this.#durableSize, root: toHex(this.#tree.rootAt(this.#durableSize)) };
  }

  /** The inclusion path of an entry in the tree of the given size, hex. */
  inclusion(seq: number, size: number): readonly string[] {
    return this.#tree.inclusionProof(seq, size).map(toHex);
  }

  async entry(seq: number): Promise<AuditEntry> {
    const key = keyOf(seq);
    const bytes = await this.#options.store.get(key);
    return parseEntry(key, required(bytes, `audit entry ${seq} is below the log's size`));
  }

  /** Sequence numbers of the entries that name the decision, signal, risk or instance. */
  seqsOf(name: string): readonly number[] {
    return this.#index.get(name) ?? [];
  }

  async entriesOf(name: string): Promise<readonly AuditEntry[]> {
    return Promise.all(this.seqsOf(name).map((seq) => this.entry(seq)));
  }

  /** A tenant's durable entries from a sequence number on, in order, and where to go on. */
  async entriesOfTenant(
    tenant: string,
    from: number,
    limit: number,
  ): Promise<{ readonly items: readonly AuditEntry[]; readonly next: number }> {
    const size = this.#durableSize;
    const all = this.#byTenant.get(tenant) ?? [];
    const start = firstAtLeast(all, from);
    const end = firstAtLeast(all, size);
    const seqs = all.slice(start, Math.min(start + limit, end));
    const items = await Promise.all(seqs.map((seq) => this.entry(seq)));
    const last = seqs.at(-1);
    return { items, next: start + limit < end && last !== undefined ? last + 1 : size };
  }

  async *entries(from = 0): AsyncIterable<AuditEntry> {
    const after = from > 0 ? { after: keyOf(from - 1) } : {};
    for await (const [key, bytes] of this.#options.store.scan({ prefix: auditPrefix, ...after })) {
      yield parseEntry(key, bytes);
    }
  }

  /** Recomputes the tree from the stored bytes. */
  async verify(): Promise<AuditHead & { readonly ok: boolean }> {
    const again = new MerkleTree();
    const { size, root } = this.head();
    for await (const [, bytes] of this.#options.store.scan({ prefix: auditPrefix, limit: size })) {
      again.append(leafHash(bytes));
    }
    return { ok: again.size === size && toHex(again.root()) === root, size, root };
  }

  /** Every entry once it is durable, in order. */
  subscribe(listener: (entry: AuditEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All of them or none: the tree never counts what is not handed to the store. */
  #place(drafts: readonly AuditDraft[]): readonly Placed[] {
    const at = new Date(this.#options.clock.now()).toISOString();
    const { region } = this.#options;
    const placed = drafts.map((draft, index) => {
      const seq = this.#tree.size + index;
      const entry: AuditEntry = { type: 'audit/1', seq, region, at, ...draft };
      const checked = validate(['audit/1'], entry);
      assert(checked.ok, `an audit entry fits its schema: ${checked.ok ? '' : checked.field}`);
      return { key: keyOf(seq), entry, bytes: canonicalBytes(entry) };
    });
    for (const { entry, bytes } of placed) {
      this.#tree.append(leafHash(bytes));
      this.#remember(entry);
    }
    return placed;
  }

  #remember(entry: AuditEntry): void {
    const ofTenant = this.#byTenant.get(entry.tenant);
    if (ofTenant) ofTenant.push(entry.seq);
    else this.#byTenant.set(entry.tenant, [entry.seq]);
    const { signalId, riskId } = entry.facts;
    const instance = entry.target && entry.version ? `${entry.target}@${entry.version}` : null;
    for (const name of [entry.decisionId, instance, signalId, riskId]) {
      if (typeof name !== 'string') continue;
      const seqs = this.#index.get(name);
      if (seqs) seqs.push(entry.seq);
      else this.#index.set(name, [entry.seq]);
    }
  }
}

/** The index of the first number not below the given one, in ascending numbers. */
function firstAtLeast(ascending: readonly number[], wanted: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? wanted) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When the newest entry of a store was written, milliseconds; null for an empty log. */
export async function lastEntryAt(store: Pick<Store, 'scan'>): Promise<number | null> {
  for await (const [key, bytes] of store.scan({ prefix: auditPrefix, reverse: true, limit: 1 })) {
    return Date.parse(parseEntry(key, bytes).at);
  }
  return null;
}

function keyOf(seq: number): string {
  return auditPrefix + String(seq).padStart(seqDigits, '0');
}

function parseEntry(key: string, bytes: Uint8Array): AuditEntry {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw corrupt(key, cause);
  }
  const checked = validate(['audit/1'], value);
  if (!checked.ok) throw corrupt(key);
  return checked.value;
}

function corrupt(key: string, cause?: unknown): QuorateError {
  return new QuorateError('store-corrupt', `the audit log is damaged at ${key}`, {
    field: key,
    cause,
  });
}
