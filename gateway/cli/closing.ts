/**
 * What `quorate up` says when the recording has ended, and when it is asked to stop.
 */
import type { UpSummary } from '#regions/federation-types.ts';
import type { ProposalView } from '#regions/node.ts';
import { describeAction } from '../words.ts';
import { commandTable, list, plural, wallTime, wrap } from './layout.ts';
import type { Decidable } from './people.ts';
import type { Screen } from './screen.ts';

export interface Waiting {
  readonly view: ProposalView;
  readonly decidable: Decidable;
}

export interface Ended {
  readonly summary: UpSummary;
  readonly waiting: readonly Waiting[];
  readonly folder: string;
  /** `--data-dir …` where the commands below need it. */
  readonly flag: string;
  readonly staysUp: boolean;
}

/** The summary of a replay. */
export function endedLines(ended: Ended, screen: Screen): readonly string[] {
  const { summary, waiting, staysUp } = ended;
  const { style } = screen;
  const heading = (text: string) => ['', style('bold', text)];
  const paragraph = (text: string) => wrap(text, { width: screen.columns, first: 2, rest: 4 });
  return [
    ...heading('The recording has ended.'),
    ...countSentences(summary).flatMap(paragraph),
    ...waitingLines(waiting, screen),
    ...heading(staysUp ? 'What you can do now, in another terminal:' : 'What you can do now:'),
    ...commandTable(commandsOf(ended), screen),
    ...(staysUp ? ['', 'Staying up. Ctrl-C ends this in order; nothing decided is lost.'] : []),
  ];
}

/** What happened, in numbers: totals of the data folder. */
export function countSentences(summary: UpSummary): readonly string[] {
  const { signals, candidates, counterProposals, certificates } = summary;
  const { aborted, enacted, rolledBack, pendingApprovals } = summary;
  const undone = rolledBack > 0 ? `, ${rolledBack} rolled back` : '';
  return [
    `${plural(signals, 'anomaly')} seen by ` +
      `${plural(summary.regions, 'region')} led to ${plural(candidates, 'proposal')} and ` +
      `${plural(counterProposals, 'counter-proposal')}.`,
    `${plural(certificates, 'decision')} certified: ${enacted} carried out${undone}, ` +
      `${pendingApprovals} waiting for a person; ${aborted} ended in doing nothing.`,
  ];
}

/** What waits for a person and how to decide it; nothing when nothing waits. */
export function waitingLines(waiting: readonly Waiting[], screen: Screen): readonly string[] {
  if (waiting.length === 0) return [];
  const heading = screen.style('bold', 'These wait for a person:');
  return ['', heading, ...waiting.flatMap((one) => linesOf(one, screen))];
}

function linesOf({ view, decidable }: Waiting, screen: Screen): readonly string[] {
  const action = view.manifest ? describeAction(view.manifest.action) : 'do nothing';
  const until = view.expiresAt ? `, by ${wallTime(view.expiresAt)}` : '';
  const needs = `needs ${decidable.needs} (${list(decidable.names, 'or')})${until}`;
  return [
    ...wrap(`${view.target}: ${action}, ${needs}`, { width: screen.columns, first: 2, rest: 4 }),
    screen.style('cyan', `    ${decidable.approve}`),
  ];
}

function commandsOf({ summary, folder, flag, staysUp }: Ended) {
  const rows: (readonly [command: string, what: string])[] = [];
  if (staysUp) rows.push([`npx quorate decisions${flag}`, 'who voted how, and why']);
  if (summary.receipts.length > 0) {
    const receipts = `${folder}/receipts/*.json`;
    rows.push([`npx quorate verify ${receipts}${flag}`, 'check the evidence yourself, offline']);
  }
  if (staysUp) rows.push([`npx quorate login${flag}`, 'a new link to the console']);
  else rows.push([`npx quorate up${flag}`, 'go on, with gateway and console']);
  return rows;
}

/** What an orderly stop has kept, and how to go on. */
export interface Kept {
  readonly folder: string;
  readonly flag: string;
  readonly summary: UpSummary;
}

/** One sentence for programs and people: what is kept. */
export function keptText({ folder, summary }: Kept): string {
  const { certificates, pendingApprovals: waiting } = summary;
  return `kept in ${folder}: ${plural(certificates, 'certified decision')}, ${waiting} waiting`;
}

export function keptLines(kept: Kept, screen: Screen): readonly string[] {
  const text = keptText(kept);
  const lead = `${text.charAt(0).toUpperCase()}${text.slice(1)} for a person; nothing is lost.`;
  const start = kept.flag === '' ? 'npm start' : `npx quorate up${kept.flag}`;
  const fresh = kept.flag === '' ? 'npm start -- --fresh' : `npx quorate up --fresh${kept.flag}`;
  return [
    ...wrap(lead, { width: screen.columns, first: 0, rest: 2 }),
    ...commandTable(
      [
        [start, 'goes on from there'],
        [fresh, 'begins anew'],
      ],
      screen,
    ),
  ];
}
