import { describe, expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import type { Decision, GovernanceEmitted, GovernanceEvent } from '#agents/events.ts';
import { recoverGovernance } from '#agents/governance/governance.logic.ts';
import { governanceMachine } from '#agents/governance/governance.machine.ts';
import { releaseMachine } from '#agents/governance/release.machine.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Enactment } from '#protocols/messages/enactment.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';
import {
  approvalOf,
  approverGate,
  decisionOf,
  dryRunAt,
  dryRunOf,
  openGate,
  ttlMs,
} from '../decisions.ts';

function run() {
  const clock = new SimulatedClock();
  const said: GovernanceEmitted[] = [];
  const actor = createActor(governanceMachine, { input: { approvalTtlMs: ttlMs }, clock });
  actor.on('*', (event) => said.push(event));
  actor.start();
  const tell = (...events: readonly GovernanceEvent[]) => {
    for (const event of events) actor.send(event);
  };
  const words = () => said.map(({ type }) => type);
  return { actor, clock, said, tell, words };
}

const certified = (decision: Decision) => ({ type: 'decision.certified', decision }) as const;
const dryRun = (decision: Decision, verdict: 'pass' | 'fail' = 'pass') =>
  ({
    type: 'dry-run.recorded',
    dryRun: dryRunOf(decision, { verdict, reasons: verdict === 'fail' ? ['quota'] : [] }),
  }) as const;
const approved = (
  decision: Decision,
  change: Partial<Approval> = {},
  roles: readonly Role[] = ['approver'],
) => ({ type: 'approval.recorded', approval: approvalOf(decision, change), roles }) as const;
const enactmentOf = ({ instance, decisionId }: Decision): Enactment => ({
  type: 'enactment/1',
  federation: 'demo',
  instance,
  decisionId,
  executor: 'eu',
  outcome: 'enacted',
  reason: 'verified',
  endedAt: dryRunAt,
});

const gated = decisionOf(1, { gate: approverGate });

describe('governance', () => {
  test('releases a low impact with an empty gate at once, but only after its dry-run', () => {
    const { tell, said, words } = run();
    tell(certified(decisionOf(1)));
    expect(words()).toEqual([]);
    tell(dryRun(decisionOf(1)));
    expect(words()).toEqual(['gate', 'release']);
    expect(said[0]).toMatchObject({
      missing: openGate,
      expiresAt: Date.parse(dryRunAt) + ttlMs,
    });
    expect(said[1]).toMatchObject({ approvers: [] });
  });

  test('does not act on an empty gate for what needs a person', () => {
    const { tell, said, words } = run();
    const high = decisionOf(1, { impact: 'high' });
    tell(certified(high), dryRun(high), approved(high));
    expect(words()).toEqual(['alert', 'close']);
    expect(said[1]).toMatchObject({ outcome: 'void' });
  });

  test('closes a failed dry-run whoever approves', () => {
    const { tell, said, words } = run();
    tell(certified(gated), dryRun(gated, 'fail'), approved(gated));
    expect(words()).toEqual(['close']);
    expect(said[0]).toMatchObject({ outcome: 'failed', reason: 'dry-run: quota' });
  });

  test('releases with the approval that the gate names', () => {
    const { tell, said, words } = run();
    tell(certified(gated), dryRun(gated));
    expect(said[0]).toMatchObject({ type: 'gate', missing: approverGate });
    tell(approved(gated));
    expect(words()).toEqual(['gate', 'gate', 'release']);
    expect(said[2]).toMatchObject({ approvers: ['ada'] });
  });

  test('closes on a denial, also of what it has released', () => {
    const { tell, said } = run();
    tell(certified(gated), dryRun(gated));
    tell(approved(gated, { verdict: 'deny', reason: 'not today' }));
    expect(said.at(-1)).toMatchObject({
      type: 'close',
      outcome: 'denied',
      reason: 'denied by ada: not today',
    });
    const later = run();
    later.tell(certified(gated), dryRun(gated), approved(gated));
    const denial = { verdict: 'deny', approver: 'grace', nonce: '7'.repeat(64) } as const;
    later.tell(approved(gated, denial));
    expect(later.words()).toEqual(['gate', 'gate', 'release', 'close']);
  });

  test('closes as expired when the approvals do not come in time, and never later', () => {
    const { tell, clock, said, words } = run();
    tell(certified(gated), dryRun(gated));
    clock.increment(ttlMs - 1);
    expect(words()).toEqual(['gate']);
    clock.increment(1);
    expect(said.at(-1)).toMatchObject({ type: 'close', outcome: 'expired' });
    tell(approved(gated));
    expect(words()).toEqual(['gate', 'close']);
  });

  test('arms only what is left of the TTL after a restart', () => {
    const { tell, clock, words } = run();
    tell(certified(gated), { ...dryRun(gated), ttlLeftMs: 5000 });
    clock.increment(5000);
    expect(words()).toEqual(['gate', 'close']);
  });

  test('refuses an approval of the proposer with an alert', () => {
    const { tell, words } = run();
    const own = decisionOf(1, { gate: approverGate, submittedBy: 'ada' });
    tell(certified(own), dryRun(own), approved(own));
    expect(words()).toEqual(['gate', 'alert']);
  });

  test('hears one nonce for one decision only', () => {
    const { tell, words } = run();
    const other = decisionOf(1, { gate: approverGate, on: 'acme/search' });
    tell(certified(gated), dryRun(gated), certified(other), dryRun(other));
    tell(approved(gated), approved(other));
    expect(words()).toEqual(['gate', 'gate', 'gate', 'release', 'alert']);
  });

  test('only shows the gate of what another region executes', () => {
    const { tell, words, clock } = run();
    const foreign = { ...gated, mine: false };
    tell(certified(foreign), dryRun(foreign), approved(foreign));
    expect(words()).toEqual(['gate', 'gate']);
    const waiting = { ...decisionOf(2, { gate: approverGate }), mine: false };
    tell(certified(waiting), dryRun(waiting));
    clock.increment(ttlMs);
    expect(words()).toEqual(['gate', 'gate', 'gate']);
  });

  test('forgets a decision once its enactment is on record', () => {
    const { tell, actor, words } = run();
    tell(certified(gated), dryRun(gated));
    tell({ type: 'enactment.recorded', enactment: enactmentOf(gated) });
    expect(actor.getSnapshot().context.open).toEqual({});
    expect(Object.keys(actor.getSnapshot().children)).toEqual([]);
    tell(approved(gated));
    expect(words()).toEqual(['gate']);
  });

  test('forgets what another region executes once a newer version is certified', () => {
    const { tell, actor } = run();
    tell(certified({ ...gated, mine: false }), certified(decisionOf(2)));
    expect(Object.keys(actor.getSnapshot().context.open)).toEqual([decisionOf(2).decisionId]);
  });

  test('told afresh what the old one knew comes to the same end', () => {
    const old = run();
    const two = decisionOf(1, {
      gate: { ...approverGate, approvals: [{ role: 'approver', count: 2 }] },
    });
    old.tell(certified(two), dryRun(two), approved(two));
    const fresh = run();
    fresh.tell(...recoverGovernance(old.actor.getSnapshot().context.open));
    fresh.tell(approved(two, { approver: 'grace', nonce: '8'.repeat(64) }));
    expect(fresh.said.at(-1)).toMatchObject({ type: 'release', approvers: ['ada', 'grace'] });
  });
});

test('every transition of the governance machine can be taken', () => {
  const other = decisionOf(1, { gate: approverGate, on: 'acme/search' });
  const events = [
    certified(gated),
    certified(other),
    dryRun(gated),
    approved(gated),
    approved(other),
    { type: 'enactment.recorded', enactment: enactmentOf(gated) },
    { type: 'gate', decision: gated, missing: openGate, expiresAt: 0 },
    { type: 'release', decision: gated, approvers: [] },
    { type: 'close', decision: gated, outcome: 'denied', reason: 'no' },
    { type: 'alert', policy: 'P3', subject: gated.decisionId, reason: 'no' },
  ];
  const { missed } = coverTransitions(governanceMachine, {
    input: { approvalTtlMs: ttlMs },
    events,
    stateKey: ({ context }) =>
      JSON.stringify(
        Object.entries(context.open).map(([id, { approvals, dryRun: known, isClosed }]) => [
          id,
          approvals.length > 0,
          known !== null,
          isClosed,
        ]),
      ),
  });
  expect(missed).toEqual([]);
});

test('every transition of the release machine can be taken', () => {
  const missed = [gated, decisionOf(1), decisionOf(1, { impact: 'high' })].map(
    (decision) =>
      coverTransitions(releaseMachine, {
        input: { decision: { ...decision, submittedBy: 'mallory' }, approvalTtlMs: ttlMs },
        events: [
          dryRun(decision),
          dryRun(decision, 'fail'),
          approved(decision),
          approved(decision, { approver: 'mallory', nonce: '3'.repeat(64) }),
          approved(decision, { approver: 'grace', verdict: 'deny', nonce: '4'.repeat(64) }),
          { type: 'xstate.after.approvalTtl.release.collecting' },
          { type: 'case.dismissed' },
        ],
        stateKey: ({ value, context }) =>
          JSON.stringify([value, new Set(context.approvals.map(({ approval }) => approval)).size]),
      }).missed,
  );
  const inAll = missed[0]?.filter((each) => missed.every((one) => one.includes(each)));
  expect(inAll).toEqual([]);
});
