import { expect, test } from 'vitest';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import { Stops } from '#regions/stops.ts';
import { federation, signerOf } from '#test/support/federation-fixture.ts';
import { testSigner } from '#test/support/keys.ts';
import { ann, op, RegionWorld, type Running, target } from '#test/support/region.ts';

const stopAll = { action: 'pause', reason: 'wait' } as const;

function stopBy(key: string, changes: Partial<Stop> = {}) {
  const stop: Stop = {
    type: 'stop/1',
    federation,
    tenant: 'shop',
    action: 'pause',
    generation: 0,
    reason: 'wait',
    by: 'op',
    at: '2026-01-05T12:00:00.000Z',
    nonce: '8'.repeat(64),
    ...changes,
  };
  const signer = key === 'eu' ? signerOf('eu') : testSigner(key);
  return signEnvelope('stop', canonicalBytes(stop), [signer]);
}

/** A certified decision lifts the stop of one target. */
async function resume(region: Running, generation: number): Promise<string> {
  const action = { kind: 'resume', generation } as const;
  const { proposalId } = await region.node.submit(op, { target, action });
  await region.run();
  return (await region.approve(proposalId)).status;
}

function isHeld({ core }: Running, of = target): boolean {
  return core.stops.holds('shop', of);
}

test('a stop is acted on before it is on disk', async () => {
  const region = await new RegionWorld().start();
  const before = region.store.head().seq;
  const acted: number[] = [];
  const stops = new Stops(region.core.context, () => acted.push(region.store.head().seq));
  await stops.order(op, stopAll);
  expect(acted).toEqual([before]);
  expect(region.store.head().seq).toBeGreaterThan(before);
});

test('a stop of a target holds that target, and one of the tenant all of its targets', async () => {
  const region = await new RegionWorld().start();
  await region.node.stop(op, { ...stopAll, target });
  expect([isHeld(region), isHeld(region, 'shop/db')]).toEqual([true, false]);
  await region.node.stop(op, stopAll);
  expect([isHeld(region), isHeld(region, 'shop/db')]).toEqual([true, true]);
  expect(region.core.stops.inForce('bank')).toEqual([]);
});

test('what is stopped is not enacted, and is once it is resumed', async () => {
  const region = await new RegionWorld().start();
  await region.node.stop(op, { ...stopAll, target });
  const { proposalId } = await region.propose();
  expect((await region.approve(proposalId)).status).toBe('released');
  expect(await resume(region, 1)).toBe('enacted');
  expect(isHeld(region)).toBe(false);
  // The resume is a newer version of the target, so what waited is over.
  expect((await region.view(proposalId)).status).toBe('superseded');
  expect((await region.approve((await region.propose()).proposalId)).status).toBe('enacted');
});

// Goal: no target is beyond the reach of a stop of its tenant, whichever was resumed before.
test('a stop of the tenant also holds a target that was resumed', async () => {
  const region = await new RegionWorld().start();
  await region.node.stop(op, stopAll);
  expect(await resume(region, 1)).toBe('enacted');
  expect([isHeld(region), isHeld(region, 'shop/db')]).toEqual([false, true]);
  expect(await region.node.stop(op, stopAll)).toMatchObject({ generation: 1 });
  expect([isHeld(region), isHeld(region, 'shop/db')]).toEqual([true, true]);
  const { proposalId } = await region.propose();
  expect((await region.approve(proposalId)).status).toBe('released');
});

test('stops and what lifted them survive a crash', async () => {
  const world = new RegionWorld();
  const region = await world.start();
  await region.node.stop(op, stopAll);
  expect(await resume(region, 1)).toBe('enacted');
  const again = await world.start(await region.crash());
  expect([isHeld(again), isHeld(again, 'shop/db')]).toEqual([false, true]);
  expect((await again.approve((await again.propose()).proposalId)).status).toBe('enacted');
  const held = await again.propose(6, 'shop/db');
  expect((await again.approve(held.proposalId)).status).toBe('released');
});

test('a stop that a resume has lifted is refused when it comes again', async () => {
  const region = await new RegionWorld().start();
  await region.core.stops.receive(stopBy('eu', { target }));
  expect(isHeld(region)).toBe(true);
  expect(await resume(region, 1)).toBe('enacted');
  await region.core.stops.receive(stopBy('eu', { target, nonce: '7'.repeat(64) }));
  expect([isHeld(region), region.core.stops.inForce('shop')]).toEqual([false, []]);
});

test('only a stop key of the tenant stops it, and only its own targets', async () => {
  const region = await new RegionWorld().start();
  const { stops } = region.core;
  await stops.receive(stopBy('ann'));
  await stops.receive(stopBy('eu', { federation: 'another' }));
  await stops.receive(stopBy('eu', { target: 'bank/web' }));
  expect(stops.inForce('shop')).toEqual([]);
  const foreign = region.node.stop(ann, { ...stopAll, target: 'bank/web' });
  await expect(foreign).rejects.toMatchObject({ code: 'not-found', field: 'target' });
});

test('a stop is recorded once, however often it comes', async () => {
  const region = await new RegionWorld().start();
  const before = region.core.context.ledger.head().size;
  for (let times = 0; times < 3; times += 1) await region.core.stops.receive(stopBy('eu'));
  expect(region.core.context.ledger.head().size).toBe(before + 1);
});

test('a peer is told of the stops in force that it does not name', async () => {
  const region = await new RegionWorld().start();
  const { nonce } = await region.node.stop(op, stopAll);
  const { stops } = region.core;
  expect(stops.known()).toEqual([nonce]);
  expect(stops.beyond([])).toHaveLength(1);
  expect(stops.beyond([nonce])).toEqual([]);
});
