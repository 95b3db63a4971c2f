import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  clusterFolder,
  createLog,
  embeddedNetwork,
  openPorts,
  ReplayPace,
  seedMockCluster,
  systemClock,
} from '#fabric/open.ts';
import { utf8 } from '#protocols/bytes.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

const regions = ['eu', 'us'];
const target = 'acme/checkout';
const seed: TargetState = {
  target,
  replicas: 2,
  generation: 1,
  release: 1,
  keyVersion: 1,
  activeRegion: 'eu',
  cpuMillis: 500,
  memoryMib: 512,
  stopGeneration: 0,
  healthy: true,
  fence: 0,
};

test('a region gets every port, and two regions of a process share one cluster', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quorate-open-'));
  const log = createLog({ level: 'silent' });
  const network = embeddedNetwork(log);
  await seedMockCluster(clusterFolder(dataDir), [seed]);
  const open = (region: string) =>
    openPorts({
      dataDir,
      federation: 'acme',
      region,
      regions,
      fabric: { kind: 'given', transport: network.connect(region) },
      createKeys: true,
      log,
      metricsPrefix: 'quorate_',
      replay: { series: [], pace: new ReplayPace({ clock: systemClock, speed: 0 }) },
      fatal: (error) => {
        throw error;
      },
    });
  const [eu, us] = await Promise.all([open('eu'), open('us')]);
  try {
    await eu.store.commit([{ put: 'a', value: utf8('1') }]);
    expect(await us.store.get('a')).toBeUndefined();
    const action = { kind: 'scale', replicas: 3 } as const;
    await eu.driver.apply({ target, version: 1, enactmentId: 'one', action });
    expect((await us.driver.observe(target))?.replicas).toBe(3);
    const heard = new Promise<string>((resolve) => us.transport.onMessage((from) => resolve(from)));
    eu.transport.send('us', Uint8Array.of(1));
    expect(await heard).toBe('eu');
    expect(eu.signer.publicKey).not.toBe(us.signer.publicKey);
    expect((await readdir(dataDir)).sort()).toEqual(['mock-cluster', 'regions']);
    expect((await readdir(join(dataDir, 'regions/eu'))).sort()).toEqual(['keys', 'store']);
  } finally {
    await Promise.all([eu.store.close(), us.store.close()]);
    await rm(dataDir, { recursive: true });
  }
});
