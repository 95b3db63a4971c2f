import { expect, test } from 'vitest';
import { SureTell } from '#regions/sure-tell.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

/** Mailboxes that take so many events; a tenant of which is said to have failed. */
function mailboxes(room: Record<string, number>, failed: readonly string[] = []) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const sure = new SureTell({
    clock,
    tell: (tenant, _agent, event) => {
      if ((room[tenant] ?? 0) === 0) return false;
      room[tenant] = (room[tenant] ?? 0) - 1;
      heard.push(`${tenant} ${'decisionId' in event ? event.decisionId : ''}`);
      return true;
    },
    hasFailed: (tenant) => failed.includes(tenant),
  });
  const tell = (tenant: string, decisionId: string) =>
    sure.tell(tenant, 'executor', { type: 'decision.released', decisionId });
  return { clock, heard, sure, tell, room };
}

test('what finds room is told at once', () => {
  const { heard, sure, tell, clock } = mailboxes({ shop: 9 });
  tell('shop', '1');
  expect([heard, sure.isIdle(), clock.pending]).toEqual([['shop 1'], true, 0]);
});

test('what finds none waits, and nothing overtakes it', () => {
  const { heard, sure, tell, clock, room } = mailboxes({ shop: 1, bank: 9 });
  for (const id of ['1', '2', '3']) tell('shop', id);
  room.shop = 1;
  tell('shop', '4');
  tell('bank', '5');
  expect(heard).toEqual(['shop 1', 'bank 5']);
  clock.advance(50);
  expect([heard.slice(2), sure.isIdle()]).toEqual([['shop 2'], false]);
  room.shop = 9;
  clock.advance(50);
  expect([heard.slice(3), sure.isIdle(), clock.pending]).toEqual([['shop 3', 'shop 4'], true, 0]);
});

test('one timer waits for a tenant, however much waits with it', () => {
  const { tell, clock } = mailboxes({});
  for (let n = 0; n < 100; n += 1) tell('shop', String(n));
  expect(clock.pending).toBe(1);
});

test('to a tenant that has failed nothing is told any more', () => {
  const { tell, clock, sure, heard } = mailboxes({}, ['shop']);
  tell('shop', '1');
  clock.advance(50);
  expect([heard, sure.isIdle(), clock.pending]).toEqual([[], true, 0]);
});

test('what still waits when the region closes is heard after the next start', () => {
  const { tell, clock, sure, heard, room } = mailboxes({});
  tell('shop', '1');
  sure.close();
  room.shop = 9;
  clock.advance(50);
  expect([heard, clock.pending]).toEqual([[], 0]);
});
