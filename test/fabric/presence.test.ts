import { expect, test } from 'vitest';
import { createLog, createMetrics } from '#fabric/open.ts';
import { Presence } from '#fabric/presence.ts';
import { utf8 } from '#protocols/bytes.ts';
import { helloOf } from '#protocols/handshake.ts';
import type { Hello } from '#protocols/messages/fabric.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

function open() {
  const clock = new ManualClock();
  let greetings = 0;
  const presence = new Presence({
    federation: 'demo',
    self: 'a',
    clock,
    log: createLog({ level: 'silent' }),
    metrics: createMetrics({ prefix: '', labels: {} }),
    send: () => {
      greetings += 1;
    },
  });
  const hear = (from: string, more: Partial<Hello> = {}) =>
    presence.hear(
      from,
      utf8(JSON.stringify({ ...helloOf({ federation: 'demo', from }), ...more })),
    );
  return { clock, presence, hear, greetings: () => greetings };
}

test('a member is a peer from its hello on, until it is silent or says goodbye', () => {
  const { clock, presence, hear } = open();
  hear('b');
  hear('c');
  expect(presence.peers()).toEqual(['b', 'c']);
  clock.advance(2000);
  hear('b');
  clock.advance(2000);
  expect(presence.peers()).toEqual(['b']);
  hear('b', { isLeaving: true });
  expect(presence.peers()).toEqual([]);
});

test('a newcomer is greeted at once', () => {
  const { hear, greetings } = open();
  hear('b');
  hear('b');
  expect(greetings()).toBe(1);
});

test('a member that speaks otherwise is refused by name, and heard again once it agrees', () => {
  const { presence, hear } = open();
  for (const [more, word] of [
    [{ protocolVersion: 2 }, 'protocol version 2'],
    [{ signatureRule: 'other/1' }, 'other/1'],
    [{ federation: 'elsewhere' }, 'elsewhere'],
  ] as const) {
    hear('b', more);
    expect(presence.refused()).toEqual([{ peer: 'b', reason: expect.stringContaining(word) }]);
    expect([presence.admits('b'), presence.peers()]).toEqual([false, []]);
  }
  hear('b');
  expect([presence.admits('b'), presence.peers()]).toEqual([true, ['b']]);
});

test('a hello in another name counts for nobody', () => {
  const { presence } = open();
  presence.hear('b', utf8(JSON.stringify(helloOf({ federation: 'demo', from: 'c' }))));
  presence.hear('b', utf8('{'));
  expect(presence.peers()).toEqual([]);
});
