import { expect, test } from 'vitest';
import {
  ago,
  bytes,
  count,
  duration,
  money,
  percent,
  plural,
  shortId,
  when,
} from '#gateway/console/src/lib/format.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const before = (ms: number) => ago(now - ms, now);

test('a moment is told by its largest unit', () => {
  expect(before(0)).toBe('just now');
  expect(before(999)).toBe('just now');
  expect(before(1000)).toBe('1 s ago');
  expect(before(59_999)).toBe('59 s ago');
  expect(before(60_000)).toBe('1 min ago');
  expect(before(3_600_000)).toBe('1 h ago');
  expect(before(47 * 3_600_000)).toBe('47 h ago');
  expect(before(48 * 3_600_000)).toBe('2 d ago');
});

test('a moment to come is told as such', () => {
  expect(ago('2026-03-01T12:04:30.000Z', now)).toBe('in 4 min');
});

test('an instant is shown on the clock of the time zone', () => {
  expect(when('2026-03-01T23:05:02.480Z', 'UTC')).toBe('2026-03-01 23:05:02');
  expect(when('2026-03-01T23:05:02.480Z', 'Europe/Berlin')).toBe('2026-03-02 00:05:02');
});

test('a duration has as many digits as matter', () => {
  expect(duration(0)).toBe('0 ms');
  expect(duration(84.6)).toBe('85 ms');
  expect(duration(999.4)).toBe('999 ms');
  expect(duration(999.6)).toBe('1.0 s');
  expect(duration(1440)).toBe('1.4 s');
  expect(duration(9960)).toBe('10 s');
  expect(duration(59_499)).toBe('59 s');
  expect(duration(59_600)).toBe('1 min 00 s');
  expect(duration(185_000)).toBe('3 min 05 s');
  expect(duration(7_620_000)).toBe('2 h 07 min');
  expect(duration(76 * 3_600_000)).toBe('3 d 4 h');
  expect(duration(-1440)).toBe('-1.4 s');
});

test('a share never claims a certainty that it has not', () => {
  expect(percent(0)).toBe('0%');
  expect(percent(0.004)).toBe('0.4%');
  expect(percent(0.0001)).toBe('0.1%');
  expect(percent(0.424)).toBe('42%');
  expect(percent(0.996)).toBe('99.6%');
  expect(percent(0.99999)).toBe('99.9%');
  expect(percent(1)).toBe('100%');
});

test('money names its currency, and a change its direction', () => {
  expect(money(27, 'USD')).toBe('$27.00');
  expect(money(27, 'USD', true)).toBe('+$27.00');
  expect(money(-3.5, 'EUR', true)).toBe('-€3.50');
  expect(money(0, 'USD', true)).toBe('$0.00');
});

test('numbers are grouped, and nouns follow them', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect(plural(1, 'decision')).toBe('1 decision');
  expect(plural(1200, 'decision')).toBe('1,200 decisions');
  expect(plural(0, 'entry', 'entries')).toBe('0 entries');
});

test('bytes are told in the unit that fits', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(1023)).toBe('1023 B');
  expect(bytes(1536)).toBe('1.5 KiB');
  expect(bytes(3 * 1024 ** 5)).toBe('3072.0 TiB');
});

test('an identifier is shortened without the name of its algorithm', () => {
  expect(shortId(`sha256:${'ab'.repeat(32)}`)).toBe('abababab');
  expect(shortId('0123456789abcdef', 4)).toBe('0123');
});
