/**
 * Totals computed from audit entries, as the summary and the gateway show them.
 *
 * Every region logs every decision; sets of decision ids make the union of several logs count
 * each once. Signals and candidates are counted where they were made.
 */
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { RegionCounts } from './node.ts';

export class Counts {
  signals = 0;
  readonly candidates = new Set<string>();
  readonly counters = new Set<string>();
  readonly certificates = new Set<string>();
  readonly aborted = new Set<string>();
  readonly enacted = new Set<string>();
  readonly rolledBack = new Set<string>();
  readonly pending = new Set<string>();

  add({ step, facts, decisionId }: AuditEntry): void {
    if (step === 'signal') this.signals += 1;
    if (decisionId === undefined) return;
    switch (step) {
      case 'candidate':
        this.candidates.add(decisionId);
        return;
      case 'counter':
        this.counters.add(decisionId);
        return;
      case 'certificate':
        (facts.value === 'abort' ? this.aborted : this.certificates).add(decisionId);
        return;
      case 'gate':
        if (facts.waiting === true) this.pending.add(decisionId);
        else this.pending.delete(decisionId);
        return;
      case 'released':
        this.pending.delete(decisionId);
        return;
      case 'outcome':
        this.pending.delete(decisionId);
        if (facts.outcome === 'enacted') this.enacted.add(decisionId);
        if (facts.outcome === 'rolled-back') this.rolledBack.add(decisionId);
    }
  }

  totals(): RegionCounts {
    return {
      signals: this.signals,
      candidates: this.candidates.size,
      counterProposals: this.counters.size,
      certificates: this.certificates.size,
      aborted: this.aborted.size,
      enacted: this.enacted.size,
      rolledBack: this.rolledBack.size,
      pendingApprovals: this.pending.size,
    };
  }
}

/** The counts of a federation: each decision once, whichever region logged it. */
export function union(all: readonly Counts[]): RegionCounts {
  const joined = new Counts();
  for (const one of all) joined.signals += one.signals;
  const names = ['counters', 'certificates', 'aborted', 'enacted', 'rolledBack'] as const;
  for (const name of names) {
    for (const id of all.flatMap((one) => [...one[name]])) joined[name].add(id);
  }
  for (const id of all.flatMap((one) => [...one.candidates])) {
    // The first region to hear of a counter may have taken it for a candidate, and the reverse.
    if (!joined.counters.has(id)) joined.candidates.add(id);
  }
  for (const id of all.flatMap((one) => [...one.pending])) {
    if (all.every((one) => one.pending.has(id) || !knows(one, id))) joined.pending.add(id);
  }
  return joined.totals();
}

function knows(counts: Counts, id: string): boolean {
  return counts.enacted.has(id) || counts.rolledBack.has(id) || counts.certificates.has(id);
}
