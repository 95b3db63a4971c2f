import { expect, test } from 'vitest';
import { loadDataset } from '#regions/dataset.ts';
import { describeDecision, type Replay, replay } from '#test/support/replay-decisions.ts';

const hourMs = 3_600_000;
const demo = loadDataset('sim/datasets/demo');
const starts = demo.tenants
  .flatMap(({ services }) => services.flatMap(({ series }) => series))
  .map(({ shiftTo }) => Date.parse(shiftTo));
const replayed = (lagMs: number): Replay => replay(demo, { lagMs, automatic: ['acme'] });

test('the demo holds two tenants and three regions that each see every service differently', () => {
  expect(demo.tenants.map(({ id }) => id)).toEqual(['acme', 'globex']);
  const files = new Set<string>();
  for (const { services } of demo.tenants) {
    for (const { series } of services) {
      expect(series.map(({ region }) => region).toSorted()).toEqual([
        'ap-south',
        'eu-west',
        'us-east',
      ]);
      for (const { file } of series) files.add(file);
    }
  }
  expect(files.size).toBe(12);
});

// Goal: ballots run while the recording goes on, so judgement may come hours of event time late.
test.each([0, 1, 2, 3])('the demo tells its story with votes %i event hours late', (hours) => {
  const { decisions } = replayed(hours * hourMs);
  const story = decisions.map(describeDecision).join('\n');
  const count = (matches: (decision: (typeof decisions)[number]) => boolean) =>
    decisions.filter(matches).length;
  expect(
    count(({ outcome }) => outcome !== 'abort'),
    story,
  ).toBeGreaterThanOrEqual(3);
  expect(
    count(({ countered }) => countered),
    story,
  ).toBeGreaterThanOrEqual(1);
  expect(
    count(({ outcome }) => outcome === 'abort'),
    story,
  ).toBeGreaterThanOrEqual(1);
  expect(
    count(({ outcome, target }) => outcome === 'enacted' && target.startsWith('acme/')),
    story,
  ).toBeGreaterThanOrEqual(2);
  expect(
    count(({ outcome, target }) => outcome === 'waits' && target.startsWith('globex/')),
    story,
  ).toBeGreaterThanOrEqual(2);
  expect(decisions.length, story).toBeGreaterThanOrEqual(8);
  expect(decisions.length, story).toBeLessThanOrEqual(20);
  const first = Math.min(...decisions.map(({ at }) => at)) - Math.min(...starts);
  expect(first / hourMs, story).toBeLessThan(60);
});

test('without delay the demo ends with a failover of acme that waits for people', () => {
  const waiting = replayed(0).decisions.filter(({ outcome }) => outcome === 'waits');
  expect(waiting.map(({ target, manifest }) => [target, manifest?.action.kind])).toContainEqual([
    'acme/catalog',
    'failover',
  ]);
});

test('the demo is replayed the same every time', async () => {
  const story = replayed(0).decisions.map(describeDecision).join('\n\n');
  expect(replayed(0).decisions.map(describeDecision).join('\n\n')).toBe(story);
  await expect(`${story}\n`).toMatchFileSnapshot('../../golden/datasets/demo.txt');
});
