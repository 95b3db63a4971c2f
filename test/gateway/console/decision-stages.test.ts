import { expect, test } from 'vitest';
import { stagesOf } from '#gateway/console/src/components/decision/stages.ts';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { aborted, countered, ended, lost, waiting } from './decision-examples.ts';

function statesOf(proposal: ProposalWire): string {
  return stagesOf(proposal)
    .map(({ key, state }) => `${key}:${state}`)
    .join(' ');
}

function stopOf(proposal: ProposalWire) {
  return stagesOf(proposal).find(({ state }) => state === 'stopped');
}

test('an enacted decision has passed every stage', () => {
  expect(stagesOf(countered).every(({ state }) => state === 'done')).toBe(true);
  expect(stagesOf(countered).at(-1)?.label).toBe('Done');
});

test('a decision that waits for people is at its gate', () => {
  expect(statesOf(waiting)).toBe(
    'candidate:done votes:done certificate:done dry-run:done gate:now ' +
      'intent:ahead act:ahead verify:ahead end:ahead',
  );
});

test('a decision to do nothing stops at its certificate', () => {
  expect(stopOf(aborted)).toMatchObject({
    key: 'certificate',
    note: 'a quorum certified doing nothing',
  });
  expect(stagesOf(aborted).at(-1)).toMatchObject({ label: 'Aborted', state: 'stopped' });
  expect(stagesOf(aborted).find(({ key }) => key === 'act')?.state).toBe('skipped');
});

test('a manifest that was not chosen stops at the certificate for the other', () => {
  expect(stopOf(lost)).toMatchObject({
    key: 'certificate',
    note: 'a quorum certified another manifest',
  });
});

test('denied and expired decisions stop at the gate, with the reason', () => {
  const notStarted = { started_at: null, pre_sha256: null, post_sha256: null };
  const denied = ended('denied', { ...notStarted, reason: 'denied by alice: not now' });
  expect(stopOf(denied)).toMatchObject({ key: 'gate', note: 'denied by alice: not now' });
  const late = { ...notStarted, reason: 'the approvals did not come in time' };
  expect(stopOf(ended('expired', late))?.key).toBe('gate');
});

test('a failed dry-run stops there', () => {
  const failed = ended('failed', { started_at: null, reason: 'dry-run: no such release' });
  const dryRun = countered.dry_run && { ...countered.dry_run, verdict: 'fail' as const };
  expect(stopOf({ ...failed, dry_run: dryRun })?.key).toBe('dry-run');
});

test('a rolled back decision stops at verify, and says so at the end', () => {
  const back = ended('rolled-back', { reason: 'the target is not healthy' });
  expect(stopOf(back)).toMatchObject({ key: 'verify', note: 'the target is not healthy' });
  expect(stagesOf(back).at(-1)).toMatchObject({ label: 'Rolled back', state: 'stopped' });
});

test('the audit trail moves an enactment on before its outcome is known', () => {
  const { proposal_id: id } = waiting;
  const entry = (step: 'intent' | 'applied', seq: number) => ({
    seq,
    region: 'eu-west',
    at: '2026-11-21T00:10:00.000Z',
    step,
    actor: 'agent:executor',
    tenant_id: 'acme',
    target: 'acme/checkout',
    version: 1,
    proposal_id: id,
    why: 'the driver says: applied',
    facts: {},
    digests: {},
  });
  const enacting: ProposalWire = { ...waiting, status: 'enacting' };
  const now = (trail: Parameters<typeof stagesOf>[1]) =>
    stagesOf(enacting, trail).find(({ state }) => state === 'now')?.key;
  expect(now([])).toBe('act');
  expect(now([entry('intent', 1), entry('applied', 2)])).toBe('verify');
  expect(now([{ ...entry('applied', 2), proposal_id: 'ff'.repeat(32) }])).toBe('act');
});
