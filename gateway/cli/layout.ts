/**
 * Sentences on a terminal: wrapped at its width, with a hanging indent.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Screen } from './screen.ts';

/** What a screen can show is as wide as the text without its colours. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

export interface Indent {
  readonly width: number;
  /** Columns before the first line, and before the others. */
  readonly first: number;
  readonly rest: number;
}

/** Breaks a sentence between words; a word that is too long for a line stays whole. */
export function wrap(text: string, { width, first, rest }: Indent): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = ' '.repeat(rest);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Pads what is shown, not what colours it. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** `1 decision`, `2 decisions`, `2 anomalies` */
export function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

/** Commands and what they are for: side by side where that fits, else one below the other. */
export function commandTable(
  rows: readonly (readonly [command: string, what: string])[],
  { columns, style }: Pick<Screen, 'columns' | 'style'>,
): readonly string[] {
  const width = Math.max(...rows.map(([command]) => command.length));
  const isWide = rows.every(([, what]) => width + what.length + 4 <= columns);
  return rows.flatMap(([command, what]) => {
    const shown = style('cyan', command);
    return isWide ? [`  ${pad(shown, width)}  ${what}`] : [`  ${what}:`, `    ${shown}`];
  });
}

/** `a`, `a and b`, `a, b and c` */
export function list(names: readonly string[], word: 'and' | 'or' = 'and'): string {
  const last = names.at(-1);
  if (last === undefined) return 'nobody';
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `6 Jan 04:35`: the time of a recording, in UTC as it was recorded. */
export function recordedTime(at: string | number): string {
  const date = new Date(at);
  const clock = date.toISOString().slice(11, 16);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${clock}`;
}

/** `01:10`: a time of today, as the clock on the wall shows it. */
export function wallTime(at: string | number): string {
  return new Date(at).toTimeString().slice(0, 5);
}
