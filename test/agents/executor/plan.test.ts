import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '#agents/events.ts';
import { startOf } from '#agents/executor/executor.logic.ts';
import {
  enactOf,
  type IntentFacts,
  isInForce,
  isPast,
  judgeIntent,
  nextToStart,
  type Plan,
  type Planned,
  recordStop,
  release,
  stopOrderOf,
  stopsOn,
  supersededBy,
} from '#agents/executor/plan.ts';
import { decisionOf, policyHash, resumeOf, rosterHash, stopOf, target } from '../decisions.ts';

const limits = { cooldownSeconds: 60, enactmentsPerHour: 3, concurrentEnactments: 2 };

function planOf(open: readonly Planned[], change: Partial<Plan> = {}): Plan {
  const byId = Object.fromEntries(open.map((each) => [each.decision.decisionId, each]));
  return { ...startOf({ limits }), open: byId, ...change };
}

function planned(decision: Decision, change: Partial<Planned> = {}): Planned {
  const plain = { stage: 'waiting', isReleased: true, dryRun: null } as const;
  return { decision, ...plain, found: false, stopped: false, ...change };
}

describe('what starts next', () => {
  const first = decisionOf(1);
  const other = decisionOf(1, { on: 'acme/search' });

  test('is what was released first', () => {
    const plan = planOf([planned(first, { isReleased: false }), planned(other)]);
    const open = release(plan.open, first.decisionId);
    expect(nextToStart({ ...plan, open })).toBe(other.decisionId);
  });

  test('is nothing that was not released', () => {
    expect(nextToStart(planOf([planned(first, { isReleased: false })]))).toBeNull();
  });

  test('is not on a target that is busy or cooling', () => {
    const next = planned(decisionOf(2));
    expect(nextToStart(planOf([planned(first, { stage: 'started' }), next]))).toBeNull();
    expect(nextToStart(planOf([next], { cooling: [target] }))).toBeNull();
  });

  test('waits for the hourly and the concurrent bound', () => {
    expect(nextToStart(planOf([planned(first)], { startedLately: 3 }))).toBeNull();
    const busy = ['a', 'b'].map((name) =>
      planned(decisionOf(1, { on: `acme/${name}` }), { stage: 'started' }),
    );
    const open = [...busy.map((each, n) => rename(each, n)), planned(first)];
    expect(nextToStart(planOf(open))).toBeNull();
  });

  test('may be a resume whatever holds the rest', () => {
    const resume = resumeOf(2, 1);
    const plan = planOf([planned(first), planned(resume)], {
      stops: [stopOf({ action: 'emergency-stop' })],
      cooling: [target],
      startedLately: 3,
    });
    expect(nextToStart(plan)).toBe(resume.decisionId);
  });
});

function rename(each: Planned, n: number): Planned {
  return { ...each, decision: { ...each.decision, decisionId: `${n}`.repeat(64) } };
}

describe('a stop', () => {
  const decision = decisionOf(1);

  test('holds its scope until the generation of the target is above its own', () => {
    const stop = stopOf({ generation: 1 });
    expect(isInForce(stop, target, { generations: {} })).toBe(true);
    expect(isInForce(stop, target, { generations: { [target]: 1 } })).toBe(true);
    expect(isInForce(stop, target, { generations: { [target]: 2 } })).toBe(false);
  });

  test('of one target leaves the others alone', () => {
    const stops = [stopOf({ target: 'acme/search' })];
    expect(stopsOn(planOf([], { stops }), decision)).toEqual([]);
  });

  test('orders what its kind says', () => {
    const waiting = planned(decision);
    const started = planned(decision, { stage: 'started' });
    const order = (action: 'pause' | 'abort' | 'emergency-stop', each: Planned) =>
      stopOrderOf(planOf([each]), stopOf({ action }), each);
    expect(order('pause', started)).toBe('none');
    expect(order('abort', waiting)).toBe('close');
    expect(order('abort', started)).toBe('abort');
    expect(order('emergency-stop', waiting)).toBe('halt');
    expect(order('emergency-stop', started)).toBe('halt');
    expect(order('emergency-stop', planned(resumeOf(2, 1)))).toBe('none');
  });

  test('said again is kept once', () => {
    const stops = recordStop(planOf([], { stops: [stopOf()] }), stopOf());
    expect(stops).toHaveLength(1);
  });

  test('of a lower generation is kept beside the higher and takes nothing from it', () => {
    const high = stopOf({ generation: 3 });
    const stops = recordStop(planOf([], { stops: [high] }), stopOf({ generation: 1 }));
    expect(stops).toContainEqual(high);
  });
});

test('a newer version supersedes older unstarted ones of its target only', () => {
  const started = planned(decisionOf(1), { stage: 'started' });
  const waiting = planned(decisionOf(2));
  const elsewhere = planned(decisionOf(2, { on: 'acme/search' }));
  const plan = planOf([started, waiting, elsewhere]);
  expect(supersededBy(plan, decisionOf(3))).toEqual([waiting.decision.decisionId]);
  expect(supersededBy(plan, decisionOf(1))).toEqual([]);
});

test('the enactment id is the decision id', () => {
  const decision = decisionOf(1);
  expect(enactOf(decision)).toEqual({
    target,
    version: 2 ** 32 + 1,
    enactmentId: decision.decisionId,
    action: { kind: 'scale', replicas: 6 },
  });
});

describe('an intent', () => {
  const decision = decisionOf(2);
  const facts: IntentFacts = {
    decision,
    clock: Date.parse('2026-01-01T00:30:00.000Z'),
    highestPersisted: 0,
    policyHash,
    rosterHash,
    acceptedVersion: 2 ** 32 + 1,
    acceptedBy: 'another',
    isApproved: true,
    isDenied: false,
  };

  test('is written when nothing stands against it', () => {
    expect(judgeIntent(facts)).toEqual({ ok: true });
  });

  test('is refused for each reason with the outcome that fits', () => {
    const late = Date.parse('2026-01-01T01:00:00.000Z');
    const newer = { acceptedVersion: decision.instance.version };
    expect(judgeIntent({ ...facts, clock: late })).toMatchObject({ outcome: 'expired' });
    expect(judgeIntent({ ...facts, highestPersisted: late })).toMatchObject({ outcome: 'expired' });
    expect(judgeIntent({ ...facts, policyHash: 'other' })).toMatchObject({
      outcome: 'void',
      reason: 'policy',
    });
    expect(judgeIntent({ ...facts, rosterHash: 'other' })).toMatchObject({
      outcome: 'void',
      reason: 'roster',
    });
    expect(judgeIntent({ ...facts, ...newer })).toMatchObject({ outcome: 'superseded' });
    expect(judgeIntent({ ...facts, isDenied: true })).toMatchObject({ outcome: 'denied' });
    expect(judgeIntent({ ...facts, isApproved: false })).toMatchObject({ outcome: 'denied' });
  });

  test('asked for again by the same decision gets the same answer', () => {
    const again = {
      acceptedVersion: decision.instance.version,
      acceptedBy: decision.decisionId,
    };
    expect(judgeIntent({ ...facts, ...again })).toEqual({ ok: true });
  });
});

// Goal: a clock that jumps back revives nothing. Method: any two readings.
test('what has expired once stays expired while the highest time is persisted', () => {
  const notAfter = '2026-01-01T01:00:00.000Z';
  const end = Date.parse(notAfter);
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(1e9), (offset, back) => {
      const seen = end + offset;
      const before = isPast(notAfter, { clock: seen, highestPersisted: 0 });
      const after = isPast(notAfter, { clock: seen - back, highestPersisted: seen });
      expect(after).toBe(before);
    }),
    { numRuns: 100 },
  );
});
