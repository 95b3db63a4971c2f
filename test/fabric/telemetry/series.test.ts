import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSeries, parseTimestamp, readSeries } from '#fabric/telemetry/series.ts';

const at = Date.UTC(2014, 1, 14, 14, 30, 0);

test('every form of a timestamp is one instant', () => {
  const forms = [
    '2014-02-14 14:30:00',
    '2014-02-14 14:30:00.000000',
    '2014-02-14T14:30:00Z',
    '2014-02-14T15:30:00+01:00',
    '2014-02-14t14:30:00.000z',
    String(at / 1000),
    String(at),
    `${at / 1000}.0`,
  ];
  expect(forms.map(parseTimestamp)).toEqual(forms.map(() => at));
  expect(parseTimestamp('2014-02-14 14:30:00.123456')).toBe(at + 123);
});

test('what is not an instant is not guessed', () => {
  for (const text of [
    '',
    'yesterday',
    '2014-02-30 00:00:00',
    '2014-02-14T14:30:00',
    '2014-02-14 14:30:00Z',
    '2014-02-14',
    '2014-13-01T00:00:00Z',
    '2014-02-14T24:00:00Z',
    '2014-02-14T14:30:00+99:00',
    '-5',
    '1e9',
  ]) {
    expect(parseTimestamp(text), text).toBeNull();
  }
});

test('any instant from the year 1974 on reads back from RFC 3339 and milliseconds', () => {
  const instant = fc.integer({ min: 126_230_400_000, max: 4_102_444_800_000 });
  fc.assert(
    fc.property(instant, (ms) => {
      expect(parseTimestamp(new Date(ms).toISOString())).toBe(ms);
      expect(parseTimestamp(String(ms))).toBe(ms);
    }),
  );
});

test('CSV columns may have any case, order and company, and cells may be quoted', async () => {
  const lines = [
    '\uFEFFHost,VALUE,"Timestamp"',
    '"a, ""b""",1.5,"1392388200"',
    '',
    'c,-2e3,1392388500',
  ];
  expect(await parseSeries(lines, 'x.csv')).toEqual([
    { at, value: 1.5 },
    { at: at + 300_000, value: -2000 },
  ]);
});

test('JSON lines have timestamp or ts, as text or number', async () => {
  const lines = [
    '{"ts":1392388200,"value":1,"host":"a"}',
    '{"timestamp":"2014-02-14T14:35:00Z","value":"2"}',
  ];
  expect(await parseSeries(lines, 'x.jsonl')).toEqual([
    { at, value: 1 },
    { at: at + 300_000, value: 2 },
  ]);
});

test('what was not recorded is null', async () => {
  const values = ['', 'NaN', 'null', 'inf', '-Infinity', '1e999'];
  const csv = ['timestamp,value', ...values.map((value) => `1392388200,${value}`)];
  expect((await parseSeries(csv, 'x')).map(({ value }) => value)).toEqual(values.map(() => null));
  expect(await parseSeries(['{"ts":1392388200,"value":null}'], 'x')).toEqual([{ at, value: null }]);
});

test('a bad row is named by file and line', async () => {
  const bad: readonly (readonly [readonly string[], number])[] = [
    [['timestamp,value', '1392388200,1', '1392388200,abc'], 3],
    [['timestamp,value', 'monday,1'], 2],
    [['timestamp,value', '1392388200'], 2],
    [['time,value', '1392388200,1'], 1],
    [['{"ts":1392388200,"value":1}', '{"ts":', ''], 2],
    [['{"ts":1392388200}'], 1],
    [['{"ts":1392388200,"value":true}'], 1],
    [['{"value":1}'], 1],
    [['timestamp,value', `1392388200,${'9'.repeat(70_000)}`], 2],
  ];
  for (const [lines, line] of bad) {
    await expect(parseSeries(lines, 'cpu.csv')).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`cpu.csv, line ${line}:`),
      field: 'cpu.csv',
    });
  }
});

test('a file is read line by line, and one that is empty or not there is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-series-'));
  try {
    const file = join(folder, 'a.csv');
    await writeFile(file, 'timestamp,value\r\n2014-02-14 14:30:00,0.132\r\n');
    expect(await readSeries(file)).toEqual([{ at, value: 0.132 }]);
    await writeFile(file, '\n');
    await expect(readSeries(file)).rejects.toThrow('is empty');
    await expect(readSeries(join(folder, 'b.csv'))).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('b.csv'),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
