/**
 * The story of a run: one plain sentence for an audit entry that a person wants to hear about.
 *
 * Entries say what happened and why; the proposal they belong to says what it is about. A
 * decision is told once, not once by every region that heard of it.
 */
import { stripVTControlCharacters } from 'node:util';
import { journalTarget } from '#protocols/ids.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { ProposalView } from '#regions/node.ts';
import { gateWire } from '../views.ts';
import { describeAction, describeGate } from './words.ts';

export interface Narrator {
  /** The sentence for an entry; null when there is nothing new to tell. */
  tell(entry: AuditEntry, view: ProposalView | null): string | null;
}

/** Told by every region that hears of it, in the same words: only the first one counts. */
const sharedSteps: ReadonlySet<AuditStep> = new Set([
  'candidate',
  'counter',
  'certificate',
  'dry-run',
  'gate',
  'approval',
  'outcome',
  'stop',
]);
const rememberedMax = 10_000;

export function createNarrator(): Narrator {
  const told = new Set<string>();
  return {
    tell(entry, view) {
      // Journal matters have a step of their own; their ballots interest nobody here.
      if (entry.target === journalTarget) return null;
      const sentence = tellers[entry.step]?.(entry, view) ?? null;
      if (sentence === null) return null;
      if (sharedSteps.has(entry.step)) {
        const key = keyOf(entry);
        if (told.has(key)) return null;
        told.add(key);
        const [oldest] = told;
        if (told.size > rememberedMax && oldest !== undefined) told.delete(oldest);
      }
      // Reasons may quote what came from outside.
      return stripVTControlCharacters(sentence);
    },
  };
}

/** What makes two entries the same news. */
function keyOf({ step, decisionId, target, tenant, version, actor, facts }: AuditEntry): string {
  const subject = decisionId ?? `${target ?? tenant}@${version ?? ''}`;
  const who = step === 'approval' ? actor : '';
  return [step, subject, who, facts.nonce ?? ''].join(' ');
}

type Teller = (entry: AuditEntry, view: ProposalView | null) => string | null;

const tellers: Readonly<Partial<Record<AuditStep, Teller>>> = {
  signal: (entry) => `${entry.region} sees an anomaly at ${aboutOf(entry)}: ${entry.reason}`,
  candidate: (entry, view) =>
    `${actorOf(entry)} proposes to ${deedOf(view)} at ${aboutOf(entry)}: ${whyOf(entry, view)}`,
  counter: (entry, view) =>
    `${actorOf(entry)} would rather ${deedOf(view)} at ${aboutOf(entry)}: ${whyOf(entry, view)}`,
  judgement: (entry) => {
    const verdict = entry.facts.verdict;
    if (verdict !== 'accept' && verdict !== 'reject') return null;
    return `${entry.region} would ${verdict} it at ${aboutOf(entry)}: ${entry.reason}`;
  },
  certificate: (entry, view) =>
    entry.facts.value === 'abort'
      ? `nothing will be done at ${aboutOf(entry)}: ${entry.reason}`
      : `decided: ${deedOf(view)} at ${aboutOf(entry)}, ${entry.reason} (${shortId(entry)})`,
  'dry-run': (entry, view) => `${deedOf(view)} at ${aboutOf(entry)}: ${entry.reason}`,
  gate: (entry, view) =>
    entry.facts.waiting === true
      ? `${deedOf(view)} at ${aboutOf(entry)} waits for ${needsOf(view)} ` +
        `(${shortId(entry)}): ${entry.reason}`
      : null,
  approval: (entry, view) => {
    const did = entry.facts.verdict === 'deny' ? 'denies' : 'approves';
    return `${actorOf(entry)} ${did} it: ${deedOf(view)} at ${aboutOf(entry)}: ${entry.reason}`;
  },
  intent: (entry, view) => `${entry.region} begins to ${deedOf(view)} at ${aboutOf(entry)}`,
  restored: (entry) => `${entry.region} puts ${aboutOf(entry)} back: ${entry.reason}`,
  outcome: (entry, view) =>
    `${deedOf(view)} at ${aboutOf(entry)}: ${entry.facts.outcome} (${entry.reason})`,
  stop: (entry) => `${actorOf(entry)} stops ${aboutOf(entry)}: ${entry.reason}`,
  evidence: (entry) => `evidence at ${aboutOf(entry)}: ${entry.reason}`,
  'policy-alert': (entry) => `policy alert for ${aboutOf(entry)}: ${entry.reason}`,
};

function aboutOf(entry: AuditEntry): string {
  return entry.target ?? entry.tenant;
}

/** `person:alice` -> `alice` */
function actorOf({ actor }: AuditEntry): string {
  return actor.slice(actor.indexOf(':') + 1);
}

function deedOf(view: ProposalView | null): string {
  return view?.manifest ? describeAction(view.manifest.action) : 'act';
}

function whyOf(entry: AuditEntry, view: ProposalView | null): string {
  return view?.manifest?.rationale || entry.reason;
}

function needsOf(view: ProposalView | null): string {
  return view?.missing ? describeGate(gateWire(view.missing)) : 'people';
}

function shortId(entry: AuditEntry): string {
  return entry.decisionId?.slice(0, 12) ?? 'no id';
}
