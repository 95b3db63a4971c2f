/**
 * When each instance began and ended here, and who was caught lying about it: a read model over
 * the audit log, whose entries carry this region's own times.
 */
import { instanceKey, journalTarget } from '#protocols/ids.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';

export interface InstanceHistory {
  /** Milliseconds, by this region's clock: the first entry about the instance. */
  readonly openedAt: number;
  /** When its certificate was durable here; null while it is not. */
  readonly decidedAt: number | null;
  readonly equivocations: readonly {
    readonly region: string;
    readonly reason: string;
    readonly at: string;
  }[];
}

/** One entry an instance, as many as the region has decided. */
export class Histories {
  readonly #byInstance = new Map<string, InstanceHistory>();

  get(instance: { readonly target: string; readonly version: number }): InstanceHistory | null {
    return this.#byInstance.get(instanceKey(instance)) ?? null;
  }

  add(entry: AuditEntry): void {
    const { target, version, step } = entry;
    if (target === undefined || version === undefined || target === journalTarget) return;
    const key = instanceKey({ target, version });
    const at = Date.parse(entry.at);
    const known = this.#byInstance.get(key);
    if (!known) this.#byInstance.set(key, withEntry(opened(at), entry, at));
    else if (step === 'certificate' || step === 'evidence') {
      this.#byInstance.set(key, withEntry(known, entry, at));
    }
  }
}

function opened(at: number): InstanceHistory {
  return { openedAt: at, decidedAt: null, equivocations: [] };
}

function withEntry(history: InstanceHistory, entry: AuditEntry, at: number): InstanceHistory {
  if (entry.step === 'certificate') return { ...history, decidedAt: history.decidedAt ?? at };
  if (entry.step !== 'evidence') return history;
  const region = String(entry.facts.member);
  // A ballot gives evidence against a member once; after a restart it may do so again.
  if (history.equivocations.some((known) => known.region === region)) return history;
  const caught = { region, reason: entry.reason, at: entry.at };
  return { ...history, equivocations: [...history.equivocations, caught] };
}
