/**
 * What `quorate up` says first: what this is, where the console is, and on a second start what it
 * goes on from.
 */
import type { RegionCounts } from '#regions/node.ts';
import { type Waiting, waitingLines } from './closing.ts';
import { list, plural, recordedTime, wrap } from './layout.ts';
import type { Screen } from './screen.ts';

export interface Opening {
  readonly version: string;
  readonly regions: readonly string[];
  readonly tenants: readonly string[];
  readonly quorum: number;
  readonly url: string;
  /** Who is logged in by the link. */
  readonly login: { readonly link: string; readonly name: string; readonly minutes: number };
  readonly resumed: Resumed | null;
}

/** What an earlier run has left in the data folder. */
export interface Resumed {
  readonly folder: string;
  readonly counts: RegionCounts;
  readonly waiting: readonly Waiting[];
  /** Event time in milliseconds; null when the recording was over. */
  readonly replayFrom: number | null;
}

const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'];

export function openingLines(opening: Opening, screen: Screen): readonly string[] {
  const { url, login, resumed } = opening;
  const { style } = screen;
  const paragraph = (text: string) => wrap(text, { width: screen.columns, first: 2, rest: 2 });
  return [
    `${style('bold', 'Quorate')} ${style('dim', opening.version)}`,
    '',
    ...(resumed ? paragraph(resumedText(resumed)) : introductionOf(opening).flatMap(paragraph)),
    '',
    `  ${style('bold', 'Console')}  ${url}`,
    ...paragraph(
      `This link logs ${login.name} in, once, within ${login.minutes} minutes ` +
        '(npx quorate login prints another):',
    ),
    style('cyan', login.link),
    // Where nothing is left to replay, the list comes with its end, right away.
    ...(resumed && resumed.replayFrom !== null ? waitingLines(resumed.waiting, screen) : []),
  ];
}

function introductionOf({ regions, tenants, quorum }: Opening): readonly string[] {
  const all = numberOf(regions.length);
  return [
    `${capital(all)} regions (${list(regions)}) look after the services of ` +
      `${numberOf(tenants.length)} tenants (${list(tenants)}), each with its own measurements. ` +
      'A region that sees an anomaly, a value far from what that series usually does, proposes ' +
      'a remedy; the others judge it by what they see themselves. It is carried out only when ' +
      `${numberOf(quorum)} of ${all} have signed it and, where the policy says so, a person has ` +
      'approved it.',
    'The measurements are a recording, replayed fast: the dates at the left are its own. The ' +
      'decisions are made now, and carried out on a mock cluster. Ctrl-C ends this in order.',
  ];
}

/** Also for programs: the sentence about an earlier run. */
export function resumedText({ folder, counts, waiting, replayFrom }: Resumed): string {
  const { certificates, enacted, aborted } = counts;
  const held =
    `${plural(certificates, 'certified decision')} (${enacted} carried out), ` +
    `${aborted} decided to do nothing, ${waiting.length} still waiting for a person`;
  const goesOn =
    replayFrom === null
      ? 'the recording was replayed to its end'
      : `the recording goes on at ${recordedTime(replayFrom)}`;
  return `Going on from ${folder}: ${held}; ${goesOn}.`;
}

function numberOf(count: number): string {
  return numbers[count] ?? String(count);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
