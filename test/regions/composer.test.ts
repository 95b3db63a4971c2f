import { expect, test } from 'vitest';
import { versionOf } from '#protocols/ids.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import { op, RegionWorld, type Running, target } from '#test/support/region.ts';

const scale: Action = { kind: 'scale', replicas: 6 };

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => error);
}

async function manifestOf(region: Running, action: Action = scale, rationale?: string) {
  const request = { target, action, ...(rationale && { rationale }) };
  return (await region.core.composer.request(op, request)).manifest;
}

test('what a person asks for becomes a manifest of the next version, for its home', async () => {
  const region = await new RegionWorld().start();
  const manifest = await manifestOf(region);
  expect(manifest).toMatchObject({
    tenant: 'shop',
    targets: [{ target, version: versionOf(1, 1) }],
    action: scale,
    executor: 'eu',
    proposer: 'eu',
    submittedBy: 'op',
    policyHash: region.core.context.constitution.policyHash,
    notAfter: '2026-01-05T13:00:00.000Z',
  });
  await region.propose();
  expect((await manifestOf(region)).targets[0]?.version).toBe(versionOf(1, 2));
});

test('asked twice, it is two manifests', async () => {
  const region = await new RegionWorld().start();
  expect((await manifestOf(region)).nonce).not.toBe((await manifestOf(region)).nonce);
});

test('what a person asks for another person approves, also where policy asks nobody', async () => {
  const region = await new RegionWorld().start();
  const { tenants } = region.core.context.constitution.policy;
  await region.changePolicy({ tenants: tenants.map((tenant) => ({ ...tenant, phase: 'L3+' })) });
  const { gate } = await manifestOf(region);
  expect(gate).toEqual({
    approvals: [{ role: 'approver', count: 1 }],
    secondApprover: false,
    mfa: false,
    reasons: ['asked for by a person'],
  });
});

test('personal data in a rationale does not get into the manifest', async () => {
  const region = await new RegionWorld().start();
  const { rationale } = await manifestOf(region, scale, 'ask jane.doe@example.com about it');
  expect(rationale).not.toContain('jane.doe');
});

test('nobody asks for a target of another tenant, or one that nobody knows', async () => {
  const region = await new RegionWorld().start();
  const ask = (of: string) =>
    refusal(region.core.composer.request(op, { target: of, action: scale }));
  expect(await ask('bank/web')).toMatchObject({ code: 'forbidden', field: 'target' });
  expect(await ask('shop/none')).toMatchObject({ code: 'not-found', field: 'target' });
});

test('a target that the driver does not see cannot be changed', async () => {
  const world = new RegionWorld();
  const region = await world.start();
  const { tenants } = region.core.context.constitution.policy;
  const targets = [{ target: 'shop/planned', home: 'eu' }];
  await region.changePolicy({ tenants: tenants.map((tenant) => ({ ...tenant, targets })) });
  const asked = region.core.composer.request(op, { target: 'shop/planned', action: scale });
  expect(await refusal(asked)).toMatchObject({ code: 'unavailable' });
});
