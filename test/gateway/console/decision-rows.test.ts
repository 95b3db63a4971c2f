import { expect, test } from 'vitest';
import { recentOf } from '#gateway/console/src/components/decision/recent.ts';
import {
  type DecisionRow,
  heldBack,
  isRowNews,
  rowOf,
} from '#gateway/console/src/components/decision/row.ts';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { aborted, countered, ended, waiting } from './decision-examples.ts';

test('a row says what would be done, how the regions stand and how long they took', () => {
  expect(rowOf(countered)).toMatchObject({
    id: countered.proposal_id,
    target: 'acme/checkout',
    action: 'scale to 16 replicas',
    status: 'enacted',
    impact: 'low',
    decidedMs: 25,
  });
  expect(rowOf(countered).stances).toHaveLength(3);
  expect(rowOf(aborted)).toMatchObject({ action: 'do nothing (abort)', impact: null });
});

test('a row without a certificate has taken no time yet, and none has taken less than none', () => {
  expect(rowOf({ ...countered, decided_at: null }).decidedMs).toBeNull();
  const early = { ...countered, decided_at: '2026-11-21T00:09:50.000Z' };
  expect(rowOf(early).decidedMs).toBe(0);
});

test('rows that came while somebody reads wait above, and are counted', () => {
  const rows = ['c', 'b', 'a'].map((id): DecisionRow => ({ ...rowOf(countered), id }));
  expect(heldBack(rows, null)).toEqual({ rows, fresh: 0 });
  expect(heldBack(rows, 'c').fresh).toBe(0);
  const held = heldBack(rows, 'b');
  expect(held.fresh).toBe(1);
  expect(held.rows.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(heldBack(rows, 'gone')).toEqual({ rows, fresh: 0 });
});

test('a list is read again for what shows in it, not for every signal', () => {
  expect(isRowNews({ step: 'certificate' })).toBe(true);
  expect(isRowNews({ step: 'signal' })).toBe(false);
});

test('the inbox remembers what people had a say in, and not what went on by itself', () => {
  const alice = { approver: 'alice', verdict: 'approve', reason: 'ok', at: waiting.updated_at };
  const approvals = [alice];
  const mine: ProposalWire = {
    ...waiting,
    proposal_id: '01'.repeat(32),
    status: 'enacting',
    approvals,
  };
  const done = { ...ended('enacted'), proposal_id: '02'.repeat(32), approvals };
  const late = {
    ...ended('expired'),
    proposal_id: '03'.repeat(32),
    expires_at: waiting.expires_at,
  };
  const recent = recentOf([mine, done, late, countered, waiting], [], 5);
  expect(recent.underWay).toEqual([mine]);
  expect(recent.decided.map(({ proposal_id: id }) => id).sort()).toEqual([
    done.proposal_id,
    late.proposal_id,
  ]);
  expect(recentOf([mine, done, late], [], 1).decided).toHaveLength(1);
});
