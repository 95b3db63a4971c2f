import { expect, test } from 'vitest';
import { settle } from '#test/support/quiet.ts';
import { op, RegionWorld, target } from '#test/support/region.ts';

// A receipt that is being written when the region closes still needs the store.
test('a region that closes finishes what it has begun', async () => {
  let keep = () => {};
  const kept = new Promise<void>((resolve) => {
    keep = resolve;
  });
  const world = new RegionWorld({ beforeReceipt: () => kept });
  const region = await world.start();
  await region.approve((await region.propose()).proposalId);
  let isClosed = false;
  const closed = region.core.close().then(() => {
    isClosed = true;
  });
  await settle();
  expect([isClosed, world.receipts.size]).toEqual([false, 0]);
  keep();
  await closed;
  expect([world.receipts.size, world.failures]).toEqual([1, []]);
});

test('what waits for people waits again after a crash, and can be approved then', async () => {
  const world = new RegionWorld();
  const region = await world.start();
  const { proposalId } = await region.propose();
  const again = await world.start(await region.crash());
  expect(await again.view(proposalId)).toMatchObject({ status: 'pending-approval' });
  expect((await again.approve(proposalId)).status).toBe('enacted');
});

// Goal: nothing is done twice. Method: crash when the intent is on disk, at every later step.
test.each([
  'intent',
  'pre-state',
  'applied',
  'post-state',
])('an act that a crash interrupted after its %s is done once', async (last) => {
  const world = new RegionWorld();
  const region = await world.start();
  const { proposalId } = await region.propose();
  const { ledger } = region.core.context;
  const crashed = new Promise<Awaited<ReturnType<typeof region.crash>>>((resolve) => {
    ledger.subscribe(({ step }) => {
      if (step === last) resolve(region.crash());
    });
  });
  await region.node.approve(
    { subject: 'ann', tenant: 'shop', roles: ['org-admin'] },
    { proposalId, verdict: 'approve', reason: 'yes', approver: 'ann' },
  );
  const again = await world.start(await crashed);
  await again.run(5000);
  expect((await again.view(proposalId)).status).toBe('enacted');
  const steps = await again.steps(proposalId);
  expect(steps.filter((step) => step === 'outcome')).toHaveLength(1);
  const { driver } = again.core.context.ports;
  expect(await driver.observe(target)).toMatchObject({ replicas: 6 });
});

test('a refused candidate does not replace how the last decision ended', async () => {
  const region = await new RegionWorld().start();
  const asked = await region.propose();
  await region.approve(asked.proposalId);
  const kept = await region.store.get(`closed/${target}`);
  const { manifest, judgement } = await region.core.composer.request(op, {
    target,
    action: { kind: 'scale', replicas: 5 },
  });
  const stale = { ...manifest, targets: asked.manifest?.targets ?? [] };
  await region.core.relay.carry('shop', { type: 'candidate', manifest: stale, judgement });
  expect(await region.store.get(`closed/${target}`)).toEqual(kept);
});
