/**
 * Reads recorded series: CSV with the columns `timestamp` and `value`, or JSON lines with
 * `timestamp` (or `ts`) and `value`.
 *
 * Column names may have any case, and other columns are ignored. A timestamp is
 * `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, RFC 3339, or epoch seconds or milliseconds. A value
 * that was not recorded (empty, NaN, infinite, null) is null; anything else that cannot be read
 * is refused with its file and line, because half a recording replayed is a wrong one.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { QuorateError } from '#protocols/errors.ts';

export interface SeriesRow {
  /** Event time, milliseconds since the Unix epoch. */
  readonly at: number;
  /** Null where nothing was recorded. */
  readonly value: number | null;
}

/** A year of one point every half minute. */
export const seriesRowsMax = 1_000_000;
const lineCharsMax = 65_536;
/** Epoch numbers from here on are milliseconds: as seconds they would lie beyond the year 5138. */
const epochMsMin = 100_000_000_000;

type RowReader = (line: string) => SeriesRow | string;

/** The rows in the order of the file. */
export async function readSeries(file: string): Promise<SeriesRow[]> {
  return parseSeries(linesOf(file), file);
}

/** The same for lines from anywhere; `name` is what errors call them. */
export async function parseSeries(
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
): Promise<SeriesRow[]> {
  const rows: SeriesRow[] = [];
  let read: RowReader | null = null;
  let number = 0;
  for await (const raw of lines) {
    number += 1;
    const line = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line.trim() === '') continue;
    if (line.length > lineCharsMax) throw badRow(name, number, 'the line is too long');
    if (read === null && !line.trimStart().startsWith('{')) {
      read = csvReader(line);
      if (read === null) throw badRow(name, number, 'no columns named timestamp and value');
      continue;
    }
    read ??= readJsonRow;
    const row = read(line);
    if (typeof row === 'string') throw badRow(name, number, row);
    if (rows.length === seriesRowsMax) {
      throw new QuorateError('too-large', `${name} has more than ${seriesRowsMax} rows`, {
        field: name,
      });
    }
    rows.push(row);
  }
  if (read === null) throw new QuorateError('invalid-input', `${name} is empty`, { field: name });
  return rows;
}

/** Milliseconds since the epoch, or null. */
export function parseTimestamp(text: string): number | null {
  const calendar =
    /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?$/.exec(
      text,
    );
  if (calendar) return fromCalendar(text, calendar);
  if (!/^\d{1,16}(?:\.\d{1,9})?$/.test(text)) return null;
  const epoch = Number(text);
  return Math.floor(epoch >= epochMsMin ? epoch : epoch * 1000);
}

async function* linesOf(file: string): AsyncIterable<string> {
  const input = createReadStream(file, 'utf8');
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw cause;
    throw new QuorateError('invalid-input', `${file} cannot be read (${code})`, {
      field: file,
      cause,
    });
  } finally {
    input.destroy();
  }
}

/** Null when the header lacks a column. */
function csvReader(header: string): RowReader | null {
  const names = splitCsv(header).map((name) => name.trim().toLowerCase());
  const [timeIndex, valueIndex] = [names.indexOf('timestamp'), names.indexOf('value')];
  if (timeIndex < 0 || valueIndex < 0) return null;
  return (line) => {
    const cells = splitCsv(line);
    const [time, value] = [cells[timeIndex], cells[valueIndex]];
    if (time === undefined || value === undefined) return 'a column is missing';
    return rowOf(time.trim(), value.trim());
  };
}

function readJsonRow(line: string): SeriesRow | string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof fields !== 'object' || fields === null) return 'not a JSON object';
  const { timestamp, ts, value } = fields as Readonly<Record<string, unknown>>;
  const time = timestamp ?? ts;
  if (typeof time !== 'string' && typeof time !== 'number') return 'no timestamp';
  if (value === undefined) return 'no value';
  if (value !== null && typeof value !== 'number' && typeof value !== 'string') {
    return `${JSON.stringify(value).slice(0, 40)} is not a number`;
  }
  return rowOf(String(time), value === null ? '' : String(value));
}

function rowOf(time: string, value: string): SeriesRow | string {
  const at = parseTimestamp(time);
  if (at === null) return `${JSON.stringify(time.slice(0, 40))} is not a timestamp`;
  if (/^(?:|nan|null|none|[+-]?inf(?:inity)?)$/i.test(value)) return { at, value: null };
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)) {
    return `${JSON.stringify(value.slice(0, 40))} is not a number`;
  }
  const number = Number(value);
  return { at, value: Number.isFinite(number) ? number : null };
}

/** The one instant that the fields spell; the 30th of February is none. */
function fromCalendar(text: string, match: RegExpExecArray): number | null {
  const zone = match[8];
  // Without a zone only the form with a blank is known; with one, RFC 3339 has its T.
  if ((zone === undefined) !== (text[10] === ' ')) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const atSecond = Date.UTC(year, month - 1, day, hour, minute, second);
  const spelled = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`;
  if (!new Date(atSecond).toISOString().startsWith(spelled)) return null;
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const offset = zone === undefined ? 0 : offsetMs(zone);
  return offset === null ? null : atSecond + ms - offset;
}

function offsetMs(zone: string): number | null {
  if (/^z$/i.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Cells of one line (RFC 4180, without line breaks in cells). */
function splitCsv(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

function badRow(name: string, line: number, what: string): QuorateError {
  return new QuorateError('invalid-input', `${name}, line ${line}: ${what}`, { field: name });
}
