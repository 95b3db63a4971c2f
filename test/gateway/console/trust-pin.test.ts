import { expect, test } from 'vitest';
import { comparePin, pinIn, pinText } from '#gateway/console/src/lib/trust-pin.ts';

const mine = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const now = '2026-01-05T12:00:00.000Z';
const kept = { fingerprint: mine, since: '2026-01-01T00:00:00.000Z' };

test('the first trust root seen is kept with the time', () => {
  expect(comparePin(null, mine, now)).toEqual({
    state: 'first',
    fingerprint: mine,
    kept: { fingerprint: mine, since: now },
  });
});

test('the same one keeps its date, and another one never replaces it by itself', () => {
  expect(comparePin(kept, mine, now)).toEqual({ state: 'same', fingerprint: mine, kept });
  expect(comparePin(kept, other, now)).toEqual({ state: 'changed', fingerprint: other, kept });
});

test('what is kept reads back, and anything else is nothing', () => {
  expect(pinIn(pinText(kept))).toEqual(kept);
  for (const text of [null, '', mine, `${mine} yesterday`, 'sha256:zz 2026-01-01T00:00:00.000Z']) {
    expect(pinIn(text)).toBeNull();
  }
});
