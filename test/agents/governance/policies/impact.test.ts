import { expect, test } from 'vitest';
import { impactOf, isReversible, scaleFactorOf } from '#agents/governance/policies/impact.ts';
import { stateWith } from '#test/support/agents.ts';

const limits = { scaleHighRiskFactor: 3 };
const scaled = (replicas: number) => impactOf({ kind: 'scale', replicas }, stateWith(), limits);

test('a scale is low up to half as much again, high beyond the factor, medium between', () => {
  expect([5, 6, 7, 12, 13].map(scaled)).toEqual(['low', 'low', 'medium', 'medium', 'high']);
});

test('taking replicas away counts like adding them', () => {
  expect([3, 2, 1, 0].map(scaled)).toEqual(['low', 'medium', 'high', 'high']);
  expect(scaleFactorOf(0, 4)).toBe(Number.POSITIVE_INFINITY);
  expect(scaleFactorOf(0, 0)).toBe(1);
});

test('restarts are low, failovers and key rotations high, the rest medium', () => {
  const impact = (action: Parameters<typeof impactOf>[0]) => impactOf(action, stateWith(), limits);
  expect(impact({ kind: 'restart', generation: 2 })).toBe('low');
  expect(impact({ kind: 'failover', toRegion: 'us-east' })).toBe('high');
  expect(impact({ kind: 'rotate-keys', keyVersion: 2 })).toBe('high');
  expect(impact({ kind: 'rollback', release: 2 })).toBe('medium');
  expect(impact({ kind: 'rightsize', cpuMillis: 100, memoryMib: 128 })).toBe('medium');
  expect(impact({ kind: 'resume', generation: 1 })).toBe('medium');
});

test('only a key rotation cannot be undone', () => {
  expect(isReversible('rotate-keys')).toBe(false);
  expect(isReversible('failover')).toBe(true);
});
