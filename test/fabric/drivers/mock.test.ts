import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderClusterFiles } from '#fabric/drivers/cluster-files.ts';
import {
  type ClusterFiles,
  clusterTargets,
  type InjectedFault,
  type MockDriverOptions,
  memoryClusterFiles,
  mockDriver,
  seedTarget,
} from '#fabric/drivers/mock.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';
import { driverContract } from '#test/contracts/driver.contract.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const target = 'acme/checkout';
const regions = ['eu', 'us'];
const seed: TargetState = {
  target,
  replicas: 4,
  generation: 2,
  release: 7,
  keyVersion: 1,
  activeRegion: 'eu',
  cpuMillis: 500,
  memoryMib: 1024,
  stopGeneration: 0,
  healthy: true,
  fence: 0,
};
const actions: readonly Action[] = [
  { kind: 'scale', replicas: 8 },
  { kind: 'restart', generation: 3 },
  { kind: 'rollback', release: 6 },
  { kind: 'rotate-keys', keyVersion: 2 },
  { kind: 'failover', toRegion: 'us' },
  { kind: 'rightsize', cpuMillis: 250, memoryMib: 512 },
  { kind: 'resume', generation: 1 },
];

let base = '';
let folders = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'quorate-cluster-'));
});
afterAll(() => rm(base, { recursive: true }));

function newFolder(): string {
  folders += 1;
  return join(base, String(folders));
}

async function fixtureOn(files: ClusterFiles) {
  await seedTarget(files, seed);
  return {
    driver: mockDriver(files, { regions }),
    target,
    missing: 'acme/nothing',
    actions,
    losesAnswer: () => mockDriver(files, { regions, inject: () => 'answer-lost' }),
  };
}

driverContract('mock driver in memory', () => fixtureOn(memoryClusterFiles()));
driverContract('mock driver in a folder', () => fixtureOn(folderClusterFiles(newFolder())));

async function opened(options: Partial<MockDriverOptions> = {}) {
  const files = memoryClusterFiles();
  await seedTarget(files, seed);
  return { files, driver: mockDriver(files, { regions, ...options }) };
}

const enact = (action: Action, version = 1) => ({
  target,
  version,
  enactmentId: `enactment-${version}`,
  action,
});

test('nonsense fails its dry-run with a reason and is not applied', async () => {
  const { driver } = await opened();
  const nonsense: readonly (readonly [Action, RegExp])[] = [
    [{ kind: 'scale', replicas: 0 }, /down/],
    [{ kind: 'scale', replicas: 9999 }, /fit/],
    [{ kind: 'restart', generation: 1 }, /past/],
    [{ kind: 'restart', generation: 9 }, /skips/],
    [{ kind: 'rollback', release: 8 }, /does not exist/],
    [{ kind: 'rotate-keys', keyVersion: 3 }, /skips/],
    [{ kind: 'failover', toRegion: 'mars' }, /no region/],
    [{ kind: 'rightsize', cpuMillis: 1, memoryMib: 512 }, /starts/],
  ];
  for (const [action, reason] of nonsense) {
    const result = await driver.dryRun(target, action);
    expect(result.ok).toBe(false);
    expect(result.reasons.join()).toMatch(reason);
    await expect(driver.apply(enact(action))).rejects.toMatchObject({ code: 'invalid-input' });
  }
  expect(await driver.observe(target)).toEqual(seed);
});

test('a rolled-back release can be returned to', async () => {
  const { driver } = await opened();
  await driver.apply(enact({ kind: 'rollback', release: 5 }, 1));
  expect(await driver.dryRun(target, { kind: 'rollback', release: 7 })).toMatchObject({ ok: true });
});

test('the cost of a scale is the price of its replicas, and its diff names the field', async () => {
  const { driver } = await opened();
  expect(await driver.dryRun(target, { kind: 'scale', replicas: 6 })).toEqual({
    ok: true,
    diff: [{ field: 'replicas', from: '4', to: '6' }],
    reasons: [],
    costDelta: 2 * (0.5 * 24 + 3),
  });
});

test('an end that is already reached has no diff', async () => {
  const { driver } = await opened();
  expect(await driver.dryRun(target, { kind: 'scale', replicas: 4 })).toMatchObject({
    ok: true,
    diff: [],
    costDelta: 0,
  });
});

test('an apply that leaves the target unhealthy fails verification', async () => {
  let fault: InjectedFault | null = 'unhealthy';
  const { driver } = await opened({
    inject: (operation) => (operation === 'apply' ? fault : null),
  });
  const scale = enact({ kind: 'scale', replicas: 6 });
  await driver.apply(scale);
  expect(await driver.verify(target, scale.action)).toEqual({
    ok: false,
    reasons: ['the target is unhealthy'],
  });
  await driver.restore(scale, seed);
  fault = null;
  expect(await driver.observe(target)).toEqual({ ...seed, fence: 1 });
});

test('a failing call does nothing', async () => {
  const { driver, files } = await opened({ inject: () => 'fails' });
  await expect(driver.apply(enact({ kind: 'scale', replicas: 6 }))).rejects.toMatchObject({
    code: 'unavailable',
    retryable: true,
  });
  expect(await mockDriver(files, { regions }).observe(target)).toEqual(seed);
});

test('a restart heals an unhealthy target and a scale does not', async () => {
  const files = memoryClusterFiles();
  await seedTarget(files, { ...seed, healthy: false });
  const driver = mockDriver(files, { regions });
  await driver.apply(enact({ kind: 'scale', replicas: 6 }, 1));
  expect((await driver.observe(target))?.healthy).toBe(false);
  await driver.apply(enact({ kind: 'restart', generation: 3 }, 2));
  expect((await driver.observe(target))?.healthy).toBe(true);
});

test('a call takes its latency on the given clock', async () => {
  const clock = new ManualClock();
  const { driver } = await opened({ latency: { clock, ms: () => 250 } });
  let isDone = false;
  const done = driver.observe(target).then(() => {
    isDone = true;
  });
  clock.advance(249);
  await Promise.resolve();
  expect(isDone).toBe(false);
  clock.advance(1);
  await done;
});

test('seeding does not change a target that is there', async () => {
  const { files, driver } = await opened();
  await driver.apply(enact({ kind: 'scale', replicas: 6 }));
  expect(await seedTarget(files, seed)).toBe(false);
  expect((await clusterTargets(files)).map(({ replicas }) => replicas)).toEqual([6]);
});

test('only the last enactments are remembered, and older ones are fenced', async () => {
  const { driver, files } = await opened();
  for (let version = 1; version <= 70; version += 1) {
    await driver.apply(enact({ kind: 'scale', replicas: 1 + (version % 5) }, version));
  }
  const held = JSON.parse((await files.read('acme/checkout.json')) ?? '');
  expect(held.enactments.length).toBe(64);
  expect(await driver.apply(enact({ kind: 'scale', replicas: 3 }, 1))).toBe('fenced');
});

test('two openings of one folder do not lose each other’s changes', async () => {
  const folder = newFolder();
  const [one, two] = [folderClusterFiles(folder), folderClusterFiles(`${folder}/`)];
  await seedTarget(one, seed);
  const drivers = [mockDriver(one, { regions }), mockDriver(two, { regions })];
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      drivers[index % 2]?.apply(enact({ kind: 'scale', replicas: index + 1 }, index + 1)),
    ),
  );
  expect(results).toEqual(results.map(() => 'applied'));
  const { enactments } = JSON.parse(await readFile(join(folder, 'acme/checkout.json'), 'utf8'));
  expect(enactments.length).toBe(20);
  expect(await one.list()).toEqual(['acme/checkout.json']);
});

test('a damaged file is an error that names it, not a missing target', async () => {
  const folder = newFolder();
  const files = folderClusterFiles(folder);
  await seedTarget(files, seed);
  await writeFile(join(folder, 'acme/checkout.json'), '{"state":{}}');
  await expect(mockDriver(files, { regions }).observe(target)).rejects.toMatchObject({
    code: 'unavailable',
    field: 'acme/checkout.json',
  });
});
