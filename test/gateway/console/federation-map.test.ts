import { expect, test } from 'vitest';
import {
  type Member,
  outlookOf,
  ringOf,
  shownMember,
  silentAfterMs,
  votesArrived,
} from '#gateway/console/src/components/federation/map.ts';

const at = (ms: number) => new Date(Date.UTC(2026, 0, 5) + ms).toISOString();
const member = (id: string, changes: Partial<Member> = {}): Member => ({
  id,
  state: 'ready',
  reason: '',
  lag: 0,
  last_seen: at(100_000),
  ...changes,
});
const federation = (members: readonly Member[], quorum: number) => ({
  federation: 'demo',
  epoch: 1,
  fault_model: 'crash' as const,
  quorum,
  members: [...members],
});

test('regions stand on a ring by name, the first at the top, apart and inside the drawing', () => {
  const ring = ringOf(['us', 'ap', 'eu', 'sa', 'af'], 600, 400);
  expect(ring.spots.map(({ id }) => id)).toEqual(['af', 'ap', 'eu', 'sa', 'us']);
  expect(ring.spots[0]).toEqual({ id: 'af', x: 300, y: 66 });
  for (const spot of ring.spots) {
    expect(spot.x).toBeGreaterThan(0);
    expect(spot.x).toBeLessThan(600);
    expect(spot.y).toBeGreaterThan(0);
    expect(spot.y).toBeLessThan(400);
  }
  expect(new Set(ring.spots.map(({ x, y }) => `${x},${y}`)).size).toBe(5);
  const lowest = Math.max(...ringOf(['eu', 'ap', 'us'], 600, 400).spots.map(({ y }) => y));
  expect(lowest).toBe(400 - 66);
  expect(ringOf(['eu'], 600, 400).spots).toEqual([{ id: 'eu', x: 300, y: 66 }]);
  expect(ringOf([], 600, 400).spots).toEqual([]);
  expect(ringOf(['eu', 'ap', 'us'], 600, 400)).toEqual(ringOf(['us', 'eu', 'ap'], 600, 400));
});

test('a silent region is never shown as ready', () => {
  const here = member('eu');
  const silent = member('us', { last_seen: at(100_000 - silentAfterMs) });
  const unheard = member('ap', { last_seen: null });
  const members = [here, silent, unheard];
  expect(shownMember(here, members)).toEqual(here);
  expect(shownMember(silent, members)).toMatchObject({
    state: 'unreachable',
    reason: 'silent for 15 s',
  });
  expect(shownMember(unheard, members).state).toBe('unreachable');
});

test('what the gateway says of a region that is not ready stays as it is', () => {
  const degraded = member('us', { state: 'degraded', reason: 'acme failed', last_seen: null });
  expect(shownMember(degraded, [member('eu'), degraded])).toEqual(degraded);
});

test('the outlook says what the loss of one more region does', () => {
  const lost = member('us', { state: 'unreachable', reason: 'no word' });
  const [ap, eu, us] = [member('ap'), member('eu'), member('us')];
  expect(outlookOf(federation([ap, eu, us], 2))).toEqual({
    tone: 'good',
    text:
      '3 of 3 regions can be reached, 2 are needed to decide. ' +
      'Losing one more changes nothing; a second loss would stop them.',
  });
  expect(outlookOf(federation([ap, eu, lost], 2))).toEqual({
    tone: 'warn',
    text:
      '2 of 3 regions can be reached, 2 are needed to decide. ' +
      'Losing one more stops decisions.',
  });
  const alone = outlookOf(federation([ap, lost, { ...lost, id: 'eu' }], 2));
  expect(alone.tone).toBe('bad');
  expect(alone.text).toContain('until 1 more region is back');
});

test('a region that is degraded still votes, and counts for the outlook', () => {
  const degraded = member('us', { state: 'degraded', reason: 'behind' });
  expect(outlookOf(federation([member('ap'), member('eu'), degraded], 2)).tone).toBe('good');
});

test('a link is lit for votes and signatures that arrived, not for a candidate', () => {
  const vote = (region: string, step: string) => ({ region, step });
  const newest = {
    votes: [vote('eu', 'candidate'), vote('us', 'prevote')],
    certificate: { signatures: [{ member: 'ap' }] },
  };
  const older = { votes: [vote('eu', 'precommit')], certificate: null };
  const arrived = votesArrived(['ap', 'eu', 'us', 'sa'], [newest, older]);
  expect(arrived.get('ap')).toEqual({ count: 1, of: 2, isNewest: true });
  expect(arrived.get('us')).toEqual({ count: 1, of: 2, isNewest: true });
  expect(arrived.get('eu')).toEqual({ count: 1, of: 2, isNewest: false });
  expect(arrived.get('sa')).toEqual({ count: 0, of: 2, isNewest: false });
  expect(votesArrived(['eu'], []).get('eu')).toEqual({ count: 0, of: 0, isNewest: false });
});
