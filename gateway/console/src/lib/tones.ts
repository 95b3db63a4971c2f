/** How states look: a tone, a shape and a word, so that colour never stands alone. Pure. */
import type { Impact, Severity } from '#protocols/messages/common.ts';
import type { ProposalStatus } from '#regions/node.ts';
import type { IconName } from './icons.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'calm';

export interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly label: string;
  /** What the word means, where it does not say so itself. */
  readonly hint?: string;
}

const statuses: Readonly<Record<ProposalStatus, Look>> = {
  negotiating: {
    tone: 'info',
    icon: 'progress',
    label: 'Negotiating',
    hint: 'the regions are voting',
  },
  certified: {
    tone: 'info',
    icon: 'seal',
    label: 'Certified',
    hint: 'a quorum signed it; dry-run and gate come next',
  },
  'pending-approval': { tone: 'warn', icon: 'hand', label: 'Waits for approval' },
  released: {
    tone: 'info',
    icon: 'progress',
    label: 'Released',
    hint: 'the gate is satisfied: the executor may act',
  },
  enacting: { tone: 'info', icon: 'progress', label: 'Enacting' },
  enacted: { tone: 'good', icon: 'check', label: 'Enacted' },
  'rolled-back': {
    tone: 'warn',
    icon: 'undo',
    label: 'Rolled back',
    hint: 'it was done, did not verify, and was put back',
  },
  void: {
    tone: 'calm',
    icon: 'dash',
    label: 'Void',
    hint: 'what it rested on does not hold any more; nothing was done',
  },
  denied: { tone: 'bad', icon: 'cross', label: 'Denied' },
  expired: {
    tone: 'calm',
    icon: 'clock',
    label: 'Expired',
    hint: 'its time ran out before the act',
  },
  superseded: {
    tone: 'calm',
    icon: 'dash',
    label: 'Superseded',
    hint: 'a newer version came first; nothing was done',
  },
  aborted: { tone: 'calm', icon: 'dash', label: 'Aborted' },
  failed: {
    tone: 'bad',
    icon: 'warning',
    label: 'Failed',
    hint: 'the dry-run or the act did not work',
  },
  lost: {
    tone: 'calm',
    icon: 'dash',
    label: 'Not chosen',
    hint: 'a quorum certified something else in its place',
  },
};

const impacts: Readonly<Record<Impact, Look>> = {
  low: { tone: 'calm', icon: 'level1', label: 'Low impact' },
  medium: { tone: 'info', icon: 'level2', label: 'Medium impact' },
  high: { tone: 'warn', icon: 'level3', label: 'High impact' },
};

const severities: Readonly<Record<Severity, Look>> = {
  low: { tone: 'calm', icon: 'level1', label: 'Low' },
  medium: { tone: 'info', icon: 'level2', label: 'Medium' },
  high: { tone: 'warn', icon: 'level3', label: 'High' },
  critical: { tone: 'bad', icon: 'warning', label: 'Critical' },
};

const verdicts: Readonly<Record<string, Look>> = {
  accept: { tone: 'good', icon: 'check', label: 'Accept' },
  approve: { tone: 'good', icon: 'check', label: 'Approved' },
  pass: { tone: 'good', icon: 'check', label: 'Pass' },
  counter: { tone: 'warn', icon: 'swap', label: 'Counter' },
  reject: { tone: 'bad', icon: 'cross', label: 'Reject' },
  deny: { tone: 'bad', icon: 'cross', label: 'Denied' },
  fail: { tone: 'bad', icon: 'cross', label: 'Fail' },
  abstain: { tone: 'calm', icon: 'dash', label: 'Abstain' },
};

export function statusLook(status: string): Look {
  return statuses[status as ProposalStatus] ?? unknown(status);
}

export function impactLook(impact: string): Look {
  return impacts[impact as Impact] ?? unknown(impact);
}

export function severityLook(severity: string): Look {
  return severities[severity as Severity] ?? unknown(severity);
}

/** Of a region's judgement, a person's approval or a dry-run. */
export function verdictLook(verdict: string): Look {
  return verdicts[verdict] ?? unknown(verdict);
}

/** Every status with its name, for a filter. */
export function statusChoices(): readonly { readonly value: string; readonly label: string }[] {
  return Object.entries(statuses).map(([value, { label }]) => ({ value, label }));
}

function unknown(value: string): Look {
  return { tone: 'calm', icon: 'dot', label: value };
}
