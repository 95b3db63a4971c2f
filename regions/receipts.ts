/**
 * Receipts: everything this region's log and store hold about one decision, for verification
 * offline (protocols/receipt.ts).
 *
 * The executor's log tells the whole story of an enactment; other regions' receipts of the same
 * decision prove what they saw. Signals and risk are included where they are this region's own.
 * Of policy and roster a receipt holds what its tenant may see (ADR 0011).
 */

import type { AuditHead } from '#fabric/host/ledger.ts';
import { digestOf, fromHex, fromUtf8, toBase64 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, instanceKey } from '#protocols/ids.ts';
import { originOf, signCheckpoint } from '#protocols/merkle/checkpoint.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { policyFor, rosterFor } from '#protocols/redaction.ts';
import type { RegionContext } from './context.ts';
import { type DecisionRecord, votesOf } from './decisions.ts';

/** What a receipt shows of other candidates of the instance. */
const instanceSteps: readonly AuditStep[] = ['candidate', 'counter', 'judgement', 'evidence'];
const signalsMax = 256;
const candidatesMax = 64;

export class Receipts {
  readonly #c: RegionContext;

  constructor(context: RegionContext) {
    this.#c = context;
  }

  /** The signed head of this region's log. */
  checkpoint(): string {
    return this.#sign(this.#c.ledger.head());
  }

  /** The canonical bytes of the receipt; null while the instance or its rules are unknown here. */
  async of(record: DecisionRecord): Promise<Uint8Array | null> {
    const { certificate, decisionId, instance } = record;
    if (certificate?.value !== record.value) return null;
    const { federation, id, ledger } = this.#c;
    const rules = this.#rulesOf(record);
    if (!rules) return null;
    // One head for all proofs: the log may grow while the documents are read.
    const head = ledger.head();
    const signals = await this.#signals(record);
    const risk = await this.#risk(record);
    const entries = await this.#entries({ record, signals, risk, size: head.size });
    const body = record.value === abortValue ? null : await this.#c.instances.body(record.value);
    const receipt: Receipt = {
      type: 'receipt/1',
      federation,
      region: id,
      decisionId,
      instance,
      epochs: [],
      ...rules,
      signals,
      risk,
      manifest: body ? toBase64(body) : null,
      candidates: await this.#candidates(record, entries),
      certificate,
      dryRun: record.dryRun?.document ?? null,
      gate: record.gate ? { missing: record.gate.missing } : null,
      approvals: record.approvals.map(({ envelope }) => envelope),
      enactment: record.enactment?.document ?? null,
      entries: entries.map((entry) => ({
        entry,
        path: [...ledger.inclusion(entry.seq, head.size)],
      })),
      checkpoint: this.#sign(head),
    };
    return canonicalBytes(receipt);
  }

  /** Every entry of this region's log about the decision and what it came from. */
  async entriesOf(record: DecisionRecord): Promise<readonly AuditEntry[]> {
    const { size } = this.#c.ledger.head();
    const [signals, risk] = [await this.#signals(record), await this.#risk(record)];
    return this.#entries({ record, signals, risk, size });
  }

  /** Those that the certified manifest names, for its tenant; ABORT names none. */
  #rulesOf({ manifest, value }: DecisionRecord): Pick<Receipt, 'policy' | 'roster'> | null {
    if (value === abortValue) return { policy: null, roster: null };
    const rules = manifest && this.#c.constitution.rulesNamed(manifest);
    if (!rules) return null;
    const { tenant } = manifest;
    return { policy: policyFor(rules.policy, tenant), roster: rosterFor(rules.roster, tenant) };
  }

  async #signals({ manifest }: DecisionRecord): Promise<Signal[]> {
    const signals: Signal[] = [];
    for (const signalId of (manifest?.signalIds ?? []).slice(0, signalsMax)) {
      const bytes = await this.#c.ports.store.get(`signal/${manifest?.tenant}/${signalId}`);
      if (bytes) signals.push(JSON.parse(fromUtf8(bytes)) as Signal);
    }
    return signals;
  }

  async #risk({ manifest }: DecisionRecord): Promise<Risk | null> {
    if (!manifest?.riskId) return null;
    const bytes = await this.#c.ports.store.get(`risk/${manifest.tenant}/${manifest.riskId}`);
    return bytes ? (JSON.parse(fromUtf8(bytes)) as Risk) : null;
  }

  #sign({ size, root }: AuditHead): string {
    const { federation, id, ports } = this.#c;
    const checkpoint = { origin: originOf(federation, id), size, root: fromHex(root) };
    return signCheckpoint(checkpoint, Math.floor(ports.clock.now() / 1000), ports.logSigner);
  }

  async #entries(from: {
    readonly record: DecisionRecord;
    readonly signals: readonly Signal[];
    readonly risk: Risk | null;
    readonly size: number;
  }): Promise<readonly AuditEntry[]> {
    const { ledger } = this.#c;
    const { record, signals, risk, size } = from;
    const evidence = [...signals.map(({ signalId }) => signalId), risk?.riskId ?? ''];
    const named = [record.decisionId, instanceKey(record.instance), ...evidence];
    const seqs = new Set(named.flatMap((name) => ledger.seqsOf(name)));
    const sorted = [...seqs].filter((seq) => seq < size).sort((a, b) => a - b);
    const entries = await Promise.all(sorted.map((seq) => ledger.entry(seq)));
    return entries.filter((entry) => belongs(entry, record, evidence));
  }

  async #candidates(
    record: DecisionRecord,
    entries: readonly AuditEntry[],
  ): Promise<Receipt['candidates']> {
    const votes = await votesOf(this.#c.ports.store, record.instance);
    const candidates: Receipt['candidates'] = [];
    for (const { vote } of votes) {
      const digest = digestOf(canonicalBytes(vote));
      const isLogged = entries.some(({ digests }) => digests.vote === digest);
      if (vote.step !== 'candidate' || !isLogged || candidates.length >= candidatesMax) continue;
      const body = await this.#c.instances.body(vote.value);
      if (body) candidates.push({ vote, manifest: toBase64(body) });
    }
    return candidates;
  }
}

/** This decision's own steps, what the instance's other candidates were, and its evidence. */
function belongs(
  entry: AuditEntry,
  { decisionId, instance }: DecisionRecord,
  evidence: readonly string[],
): boolean {
  if (entry.step === 'signal') return evidence.includes(String(entry.facts.signalId));
  if (entry.step === 'risk') return evidence.includes(String(entry.facts.riskId));
  if (entry.decisionId === decisionId) return true;
  const isSame = entry.target === instance.target && entry.version === instance.version;
  return isSame && instanceSteps.includes(entry.step);
}
