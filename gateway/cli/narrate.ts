/**
 * One plain sentence for an audit entry that somebody wants to hear about.
 *
 * Entries say what happened and why; the proposal they belong to says what it is about. A
 * decision is told once, not once by every region that heard of it.
 */
import { stripVTControlCharacters } from 'node:util';
import { journalTarget } from '#protocols/ids.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { ProposalView } from '#regions/node.ts';
import { gateWire } from '../views/proposal.ts';
import { describeAction, describeGate, describeReason } from '../words.ts';

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

/** Whether an entry tells something that no entry before it has told. */
export type IsNews = (entry: AuditEntry) => boolean;

export function createNews(): IsNews {
  const told = new Set<string>();
  return (entry) => {
    // Journal matters have a step of their own; their ballots interest nobody here.
    if (entry.target === journalTarget) return false;
    if (!sharedSteps.has(entry.step)) return true;
    const key = keyOf(entry);
    if (told.has(key)) return false;
    told.add(key);
    const [oldest] = told;
    if (told.size > rememberedMax && oldest !== undefined) told.delete(oldest);
    return true;
  };
}

/** What makes two entries the same news. */
function keyOf({ step, decisionId, target, tenant, version, actor, facts, reason }: AuditEntry) {
  const subject = decisionId ?? `${target ?? tenant}@${version ?? ''}`;
  const who = step === 'approval' ? actor : '';
  // A gate is told again when it asks for something else.
  const what = step === 'gate' ? `${facts.waiting} ${reason}` : '';
  return [step, subject, who, what, facts.nonce ?? ''].join(' ');
}

/** The sentence for an entry; null when nobody needs to hear of it. */
export function sentenceFor(entry: AuditEntry, view: ProposalView | null): string | null {
  const sentence = tellers[entry.step]?.(entry, view) ?? null;
  // Reasons may quote what came from outside.
  return sentence === null ? null : stripVTControlCharacters(sentence);
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
        `(${shortId(entry)}): ${reasonsOf(entry).join('; ')}`
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

export function aboutOf(entry: AuditEntry): string {
  return entry.target ?? entry.tenant;
}

/** `person:alice` -> `alice` */
export function actorOf({ actor }: AuditEntry): string {
  return actor.slice(actor.indexOf(':') + 1);
}

export function shortId(entry: AuditEntry): string {
  return entry.decisionId?.slice(0, 12) ?? 'no id';
}

export function deedOf(view: ProposalView | null): string {
  return view?.manifest ? describeAction(view.manifest.action) : 'act';
}

/** What a gate still asks for; the manifest's own until the region has written it down. */
export function needsOf(view: ProposalView | null): string {
  const gate = view?.missing ?? view?.manifest?.gate;
  return gate ? describeGate(gateWire(gate)) : 'people';
}

/** Why a gate asks for people. */
export function reasonsOf(entry: AuditEntry): readonly string[] {
  return entry.reason.split('; ').filter(Boolean).map(describeReason);
}

function whyOf(entry: AuditEntry, view: ProposalView | null): string {
  return view?.manifest?.rationale || entry.reason;
}
