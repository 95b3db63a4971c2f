import { expect, test } from 'vitest';
import { createLog, type LogLevel } from '#fabric/log.ts';
import { QuorateError } from '#protocols/errors.ts';

function recorded(level: LogLevel = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level,
    fields: { region: 'eu' },
    to: { write: (line) => lines.push(JSON.parse(line)) },
  });
  return { log, lines };
}

test('a line is JSON with its level, time, message and fields', () => {
  const { log, lines } = recorded();
  log.child({ tenant: 'acme' }).info({ round: 2 }, 'round began');
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      region: 'eu',
      tenant: 'acme',
      round: 2,
      message: 'round began',
    },
  ]);
});

test('fields that look like secrets are masked at any depth', () => {
  const { log, lines } = recorded();
  log.child({ authToken: 'x1' }).warn({ options: { url: 'u', list: [{ apiKey: 'x2' }] } }, 'tried');
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/x1|x2/);
  expect(lines[0]).toMatchObject({
    authToken: '[secret]',
    options: { url: 'u', list: [{ apiKey: '[secret]' }] },
  });
});

test('an error keeps its code, message and cause', () => {
  const { log, lines } = recorded();
  const cause = new Error('disk full');
  log.error({ error: new QuorateError('unavailable', 'cannot sync', { cause }) }, 'store failed');
  expect(lines[0]).toMatchObject({
    error: {
      type: 'QuorateError',
      code: 'unavailable',
      message: 'cannot sync',
      cause: { message: 'disk full' },
    },
  });
});

test('bytes, big numbers and rings are written as something finite', () => {
  const { log, lines } = recorded();
  const ring: Record<string, unknown> = { bytes: new Uint8Array(9), big: 12n };
  ring.self = ring;
  log.info(ring, 'odd fields');
  expect(lines[0]).toMatchObject({ bytes: '[9 bytes]', big: '12', self: { bytes: '[9 bytes]' } });
});

test('lines below the level are not written', () => {
  const { log, lines } = recorded('warn');
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  expect(lines.map(({ message }) => message)).toEqual(['c']);
});
