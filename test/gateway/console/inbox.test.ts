import { expect, test } from 'vitest';
import {
  changesBetween,
  countdownTo,
  inOrder,
  mayDecide,
  refusalWords,
  rolesLacking,
  verdictCommand,
} from '#gateway/console/src/components/decision/inbox.ts';
import type { PendingWire } from '#gateway/console/src/lib/wire.ts';
import { scaleTo, waiting } from './decision-examples.ts';

const now = Date.parse('2026-11-21T00:10:00.000Z');

function pending(id: string, minutes: number, impact: PendingWire['impact']): PendingWire {
  return {
    proposal_id: id,
    target: 'acme/checkout',
    rationale: '',
    impact,
    missing: null,
    digests: {},
    diff: [],
    expires_at: new Date(now + minutes * 60_000).toISOString(),
  };
}

test('what expires soon comes first, then what matters most, then what is newest', () => {
  const items = [
    pending('low-new', 29, 'low'),
    pending('high-old', 10, 'high'),
    pending('high-new', 28, 'high'),
    pending('low-urgent', 4, 'low'),
    pending('low-last', 0.5, 'low'),
  ];
  expect(inOrder(items, now).map(({ proposal_id: id }) => id)).toEqual([
    'low-last',
    'low-urgent',
    'high-new',
    'high-old',
    'low-new',
  ]);
});

test('a countdown is calm until it is short', () => {
  const at = (ms: number) => countdownTo(new Date(now + ms).toISOString(), now);
  expect(at(29.9 * 60_000)).toEqual({ urgency: 'calm', text: '29 min left' });
  expect(at(4 * 60_000 + 5_000)).toEqual({ urgency: 'soon', text: '4:05 left' });
  expect(at(59_000)).toEqual({ urgency: 'last', text: '0:59 left' });
  expect(at(0)).toEqual({ urgency: 'over', text: 'expired' });
  expect(countdownTo(null, now).urgency).toBe('calm');
});

const alice = { subject: 'alice', roles: ['org-admin'], may_sign: true } as const;

test('a person may decide with the role, not having proposed or decided it', () => {
  const session = { ...alice, roles: [...alice.roles] };
  expect(mayDecide(waiting, session)).toEqual({ kind: 'yes' });
  expect(mayDecide(waiting, { ...session, roles: ['viewer'] }).kind).toBe('no');
  const own = { ...waiting, manifest: scaleTo(16, { submittedBy: 'alice' }) };
  expect(mayDecide(own, session).kind).toBe('no');
  const approvals = [
    { approver: 'alice', verdict: 'approve', reason: 'fine', at: waiting.updated_at },
  ];
  expect(mayDecide({ ...waiting, approvals }, session).kind).toBe('no');
});

test('who cannot have the gateway sign is sent to the command line', () => {
  const session = { ...alice, roles: ['approver'], may_sign: false };
  expect(mayDecide(waiting, session).kind).toBe('elsewhere');
});

test('the roles that somebody lacks are named', () => {
  const gate = waiting.gate && {
    ...waiting.gate,
    approvals: [
      { role: 'approver' as const, count: 1 },
      { role: 'org-admin' as const, count: 1 },
    ],
  };
  expect(rolesLacking(gate, ['approver'])).toEqual(['org-admin']);
  expect(rolesLacking(gate, ['org-admin'])).toEqual([]);
});

test('what changed since somebody looked is said in sentences', () => {
  const seen = waiting;
  const bob = { approver: 'bob', verdict: 'approve', reason: 'tested', at: waiting.updated_at };
  const dryRun = waiting.dry_run && {
    ...waiting.dry_run,
    pre_state_sha256: `sha256:${'ff'.repeat(32)}`,
  };
  const changes = changesBetween(seen, { ...seen, approvals: [bob], dry_run: dryRun, gate: null });
  expect(changes).toEqual([
    `pre-state: ${waiting.dry_run?.pre_state_sha256} -> sha256:${'ff'.repeat(32)}`,
    'waits for: 1 approver -> nobody',
    'bob approved: tested',
  ]);
  expect(changesBetween(seen, seen)).toEqual([]);
});

test('a refusal says whether anything was recorded', () => {
  const refusal = { status: 409, code: 'conflict', detail: 'moved on', field: 'if-match' };
  expect(refusalWords(refusal)).toMatch(/changed since you looked/);
  expect(refusalWords({ ...refusal, field: null })).toBe('Nothing was recorded: moved on.');
  expect(refusalWords({ ...refusal, status: 410 })).toMatch(/^Too late/);
  expect(refusalWords({ ...refusal, status: 403, field: 'proof' })).toMatch(/your own key/);
  expect(refusalWords({ ...refusal, status: 403, field: null })).toMatch(/^You may not/);
  expect(refusalWords({ ...refusal, status: 0, code: 'unreachable' })).toMatch(/did not answer/);
});

test('the command does what the button does, whatever the reason has in it', () => {
  const command = verdictCommand('approve', {
    proposalId: 'd2'.repeat(32),
    subject: 'alice',
    reason: " it's fine ",
  });
  expect(command).toBe("npx quorate approve d2d2d2d2d2d2 --as alice --reason 'it'\\''s fine'");
  const odd = { proposalId: 'd2'.repeat(32), subject: 'a b;c', reason: '' };
  expect(verdictCommand('deny', odd)).toContain("--as 'a b;c' --reason 'why'");
});
