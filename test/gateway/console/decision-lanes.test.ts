import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  durationWords,
  markWords,
  neighbourOf,
  timelineOf,
} from '#gateway/console/src/components/decision/lanes.ts';
import { manifestsOf, nameOf } from '#gateway/console/src/components/decision/values.ts';
import { aborted, countered, lost, sixteen, vote, waiting } from './decision-examples.ts';

test('every member has a lane, also one that was not heard', () => {
  const { lanes } = timelineOf(waiting);
  expect(lanes.map(({ region }) => region)).toEqual(['ap-south', 'eu-west', 'us-east']);
  expect(lanes[0]).toMatchObject({ stance: 'none', marks: [], latencyMs: null });
});

test('marks run in time, and the certificate stands at its moment', () => {
  const timeline = timelineOf(countered);
  expect(timeline.axis).toBe('time');
  expect(timeline.spanMs).toBe(25);
  expect(timeline.certificateX).toBe(98);
  const [, euWest] = timeline.lanes;
  expect(euWest?.marks.map(({ step }) => step)).toEqual([
    'candidate',
    'proposal',
    'prevote',
    'precommit',
  ]);
  expect(euWest?.latencyMs).toBe(20);
});

test('only the precommits inside the certificate are signed ones', () => {
  const signed = timelineOf(countered).lanes.flatMap(({ marks }) =>
    marks.filter(({ isSigned }) => isSigned).map(({ key }) => key),
  );
  expect(signed).toEqual([`eu-west/1/precommit/${sixteen}`, `us-east/1/precommit/${sixteen}`]);
});

test('without a time for every vote the order of the protocol is the axis', () => {
  const timeline = timelineOf(aborted);
  expect(timeline.axis).toBe('order');
  expect(timeline.ticks.map(({ label }) => label)).toEqual([
    'candidate 0',
    'prevote 3',
    'prevote 4',
    'precommit 4',
  ]);
  expect(timeline.certificateX).toBeNull();
});

test('a counter-proposal is another value for the manifest it stands against', () => {
  const meanings = (proposal: typeof lost) =>
    timelineOf(proposal).lanes.flatMap(({ marks }) =>
      marks.filter(({ step }) => step === 'candidate').map(({ meaning }) => meaning),
    );
  expect(meanings(lost)).toEqual(['other', 'this']);
  expect(meanings(countered)).toEqual(['this', 'other']);
});

test('an equivocation is shown in the lane of the guilty', () => {
  const equivocations = [
    { region: 'us-east', reason: 'two precommits in round 1', at: countered.opened_at },
  ];
  const lane = timelineOf({ ...countered, equivocations }).lanes[2];
  expect(lane).toMatchObject({
    stance: 'equivocated',
    equivocation: { reason: 'two precommits in round 1', x: 2 },
  });
});

// Goal: nobody has to guess at overlapping marks. Method: any times; look at every pair.
test('marks of one lane stay apart, in order and inside the lane', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 20 }),
      (times) => {
        const at = (ms: number) => new Date(Date.parse(countered.opened_at) + ms).toISOString();
        const votes = times.map((ms, round) =>
          vote('eu-west', [round, 'prevote', sixteen], { at: at(ms) }),
        );
        const marks = timelineOf({ ...countered, votes }).lanes[1]?.marks ?? [];
        expect(marks).toHaveLength(times.length);
        for (const [index, { x, trueX }] of marks.entries()) {
          expect(x).toBeGreaterThanOrEqual(1.99);
          expect(x).toBeLessThanOrEqual(98.01);
          const next = marks[index + 1];
          if (!next) continue;
          expect(next.trueX).toBeGreaterThanOrEqual(trueX);
          expect(next.x - x).toBeGreaterThan(3.9);
        }
      },
    ),
  );
});

test('arrow keys walk along a lane and to the nearest mark of the next one', () => {
  const { lanes } = timelineOf(countered);
  const candidate = `eu-west/0/candidate/${lost.digest}`;
  const proposal = `eu-west/0/proposal/${lost.digest}`;
  expect(neighbourOf(lanes, candidate, 'ArrowRight')).toBe(proposal);
  expect(neighbourOf(lanes, candidate, 'ArrowLeft')).toBeNull();
  expect(neighbourOf(lanes, candidate, 'ArrowDown')).toBe('us-east/1/prevote/nil');
  expect(neighbourOf(lanes, candidate, 'Tab')).toBeNull();
  expect(neighbourOf(timelineOf(waiting).lanes, candidate, 'ArrowUp')).toBeNull();
});

test('a mark says who said what about which manifest, and when', () => {
  const manifests = manifestsOf(countered, [lost]);
  const words = timelineOf(countered)
    .lanes.flatMap(({ marks }) => marks)
    .map((mark) => markWords(mark, (value) => nameOf(value, manifests)));
  expect(words).toContain('eu-west puts forward scale to 19 replicas, round 0 after 0');
  expect(words).toContain('ap-south puts forward this (scale to 16 replicas), round 0 after 12 ms');
  expect(words).toContain(
    'us-east rejects, and prevotes nothing in this round, round 1 after 21 ms',
  );
});

test('durations are short', () => {
  expect([0, 12, 999, 1500, 30_000, 150_000].map(durationWords)).toEqual([
    '0',
    '12 ms',
    '999 ms',
    '1.5 s',
    '30 s',
    '2.5 min',
  ]);
});
