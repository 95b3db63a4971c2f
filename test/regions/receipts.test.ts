// Every way a decision may end leaves a receipt that holds offline, also when the rules have
// changed since.
import { expect, test } from 'vitest';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { digestOf, fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import { trustRootOf } from '#protocols/epochs/trust.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import { verifyReceipt } from '#protocols/receipt.ts';
import type { ProposalView } from '#regions/node.ts';
import { testSigner } from '#test/support/keys.ts';
import { bodiesOf } from '#test/support/receipt-text.ts';
import { bob, op, person, RegionWorld, type Running, target } from '#test/support/region.ts';

const verifiers = { verifier: nativeVerifier(), mlDsa44: nativeMlDsa44Verifier() };

async function world(options: ConstructorParameters<typeof RegionWorld>[0] = {}) {
  const made = new RegionWorld(options);
  return { world: made, region: await made.start() };
}

/** What an offline holder of the trust root makes of the region's receipt. */
async function verdictOn(made: RegionWorld, region: Running, { proposalId }: ProposalView) {
  const bytes = await region.node.receipt('shop', proposalId);
  if (!bytes) return 'no receipt';
  const answer = verifyReceipt(bytes, trustRootOf(made.genesis.epoch), verifiers);
  return answer.ok ? 'holds' : `${answer.field}: ${answer.reason}`;
}

test('of what was enacted', async () => {
  const { world: made, region } = await world();
  const { proposalId } = await region.propose();
  const after = await region.approve(proposalId);
  expect(after.status).toBe('enacted');
  expect(await verdictOn(made, region, after)).toBe('holds');
  expect(made.receipts.get(proposalId)).toBeDefined();
});

test('of what was rolled back', async () => {
  const { world: made, region } = await world({
    inject: (_self, operation) => (operation === 'apply' ? 'unhealthy' : null),
  });
  const { proposalId } = await region.propose();
  const after = await region.approve(proposalId);
  expect(after.status).toBe('rolled-back');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what was denied', async () => {
  const { world: made, region } = await world();
  const { proposalId } = await region.propose();
  const after = await region.approve(proposalId, bob, 'deny');
  expect(after.status).toBe('denied');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what nobody approved in time', async () => {
  const { world: made, region } = await world();
  const asked = await region.propose();
  await region.run(1_800_001);
  const after = await region.view(asked.proposalId);
  expect(after.status).toBe('expired');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what failed its dry-run', async () => {
  const { world: made, region } = await world();
  const after = await region.propose(9000);
  expect(after.status).toBe('failed');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what drifted', async () => {
  const { world: made, region } = await world();
  const { driver } = region.core.context.ports;
  const { proposalId, version } = await region.propose();
  const action = { kind: 'scale', replicas: 5 } as const;
  await driver.apply({ target, version: version - 1, enactmentId: 'by hand', action });
  const after = await region.approve(proposalId);
  expect(after.status).toBe('void');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what another policy made void, and of what was decided under the old one', async () => {
  const { world: made, region } = await world();
  const enacted = await region.approve((await region.propose()).proposalId);
  const { proposalId } = await region.propose(7);
  await region.changePolicy({});
  const after = await region.approve(proposalId);
  expect(after.status).toBe('void');
  expect(await verdictOn(made, region, after)).toBe('holds');
  expect(await verdictOn(made, region, enacted)).toBe('holds');
});

// A receipt is held to the roster of its manifest, whoever may approve by now.
test('of what another roster made void, and of what was decided under the old one', async () => {
  const { world: made, region } = await world();
  const enacted = await region.approve((await region.propose()).proposalId);
  const { proposalId } = await region.propose(7);
  const { approvers } = region.core.context.constitution.roster;
  await region.changeRoster({ approvers: approvers.filter(({ id }) => id !== 'ann') });
  const after = await region.approve(proposalId);
  expect(after.status).toBe('void');
  expect(await verdictOn(made, region, after)).toBe('holds');
  expect(await verdictOn(made, region, enacted)).toBe('holds');
});

test('of what was decided after the roster and then the policy changed', async () => {
  const { world: made, region } = await world();
  await region.changeRoster({});
  await region.changePolicy({});
  const after = await region.approve((await region.propose()).proposalId);
  expect(after.status).toBe('enacted');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what a stop aborted', async () => {
  const { world: made, region } = await world();
  const { proposalId } = await region.propose();
  await region.node.stop(op, { action: 'abort', reason: 'wait' });
  await region.run();
  const after = await region.view(proposalId);
  expect(after.status).toBe('aborted');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what a newer version superseded', async () => {
  const { world: made, region } = await world();
  const { proposalId } = await region.propose();
  await region.propose(7);
  const after = await region.view(proposalId);
  expect(after.status).toBe('superseded');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

test('of what was approved with the own key of the approver', async () => {
  const { world: made, region } = await world();
  const asked = await region.propose();
  const proof = signEnvelope('approval', canonicalBytes(approvalOf(asked)), [testSigner('ann')]);
  const request = { proposalId: asked.proposalId, verdict: 'approve', reason: 'yes' } as const;
  await region.node.approve(op, { ...request, approver: 'ann', proof });
  await region.run();
  const after = await region.view(asked.proposalId);
  expect(after.status).toBe('enacted');
  expect(await verdictOn(made, region, after)).toBe('holds');
});

// Goal: a receipt is for the eyes of its tenant. Method: two tenants with people of their own, a
// decision of each, and every spelling of what the other one has.
test('of one tenant, without a word about the other', async () => {
  const { world: made, region } = await world({
    approvers: [
      person('ann', ['org-admin'], ['shop']),
      person('bob', ['approver'], ['shop']),
      person('zoe', ['org-admin', 'approver'], ['bank']),
    ],
  });
  const sold = await region.approve((await region.propose()).proposalId, bob);
  const zoe = { subject: 'zoe', tenant: 'bank', roles: ['org-admin'] } as const;
  const action = { kind: 'scale', replicas: 6 } as const;
  const teller = { ...zoe, subject: 'tom' };
  const { proposalId } = await region.node.submit(teller, { target: 'bank/web', action });
  await region.run();
  const verdict = { proposalId, verdict: 'approve', reason: 'yes', approver: 'zoe' } as const;
  await region.node.approve(zoe, verdict);
  await region.run();
  const banked = await region.node.proposal('bank', proposalId);
  expect([sold.status, banked?.status]).toEqual(['enacted', 'enacted']);

  const shop = await readable(region, 'shop', sold.proposalId);
  expect(shop).toContain(keyOf('bob'));
  for (const word of ['bank', 'zoe', 'tom', keyOf('zoe')]) expect(shop).not.toContain(word);
  const bank = await readable(region, 'bank', proposalId);
  expect(bank).toContain(keyOf('zoe'));
  for (const word of ['shop', 'bob', keyOf('bob'), keyOf('ann')]) expect(bank).not.toContain(word);
  // Playbooks are everybody's, and name their author.
  expect(bank.replaceAll(/"(?:playbookSignedBy|signedBy)":"ann"/g, '')).not.toMatch(/\bann\b/);
  expect(await verdictOn(made, region, sold)).toBe('holds');
});

function keyOf(name: string): string {
  return testSigner(name).publicKey;
}

/** Everything that the receipt says, signatures aside: by chance they may spell a short name. */
async function readable(region: Running, tenant: string, proposalId: string): Promise<string> {
  const bytes = await region.node.receipt(tenant, proposalId);
  if (!bytes) throw new Error('an ended decision has a receipt');
  const receipt = JSON.parse(fromUtf8(bytes)) as Receipt;
  const said = { ...receipt, manifest: null, candidates: [], approvals: [], checkpoint: '' };
  return [JSON.stringify(said), ...bodiesOf(receipt)].join('\n');
}

function approvalOf({ proposalId, dryRun, manifest }: ProposalView): Approval {
  if (!dryRun || !manifest) throw new Error('it waits for approval');
  return {
    type: 'approval/1',
    federation: dryRun.federation,
    instance: dryRun.instance,
    decisionId: proposalId,
    manifest: digestOf(canonicalBytes(manifest)),
    preState: dryRun.preState,
    policyHash: manifest.policyHash,
    approver: 'ann',
    verdict: 'approve',
    reason: 'yes',
    mfa: false,
    at: '2026-01-05T12:00:00.000Z',
    expiresAt: '2026-01-05T12:20:00.000Z',
    nonce: '9'.repeat(64),
  };
}

// Method: one of two regions cannot see the target and rejects until the deadline.
test('of a decision to do nothing, in both regions', async () => {
  const made = new RegionWorld({
    members: ['eu', 'us'],
    inject: (self, operation) => (self === 'us' && operation === 'observe' ? 'fails' : null),
  });
  const eu = await made.start();
  const us = await made.start(new MemoryStore(), 'us');
  const asked = await eu.propose();
  for (let second = 0; second < 90; second += 1) await eu.run(1000);
  const after = await eu.view(asked.proposalId);
  expect(after.status).toBe('aborted');
  const [abort] = [...eu.core.context.decisions.of(instanceOf(after))].filter(
    ({ value }) => value === 'abort',
  );
  if (!abort) throw new Error('ABORT is a decision');
  for (const region of [eu, us]) {
    const view = { ...after, proposalId: abort.decisionId };
    expect(await verdictOn(made, region, view)).toBe('holds');
  }
  expect(made.failures).toEqual([]);
});

function instanceOf({ tenant, target: of, version }: ProposalView) {
  return { tenant, target: of, version };
}
