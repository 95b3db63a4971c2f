/** What a world is built on: the region that production runs, and the mock cluster in memory. */
import { memoryClusterFiles, mockDriver, seedTarget } from '#fabric/drivers/mock.ts';
import { readConfig } from '#regions/config.ts';
import { openPlaybooks } from '#regions/genesis.ts';
import { limitsOf } from '#regions/limits.ts';
import { RegionCore } from '#regions/region.ts';
import { regionNode } from '#regions/region-node.ts';
import { federation } from './constitution.ts';
import type { WorldParts } from './world.ts';

/** A world has no configuration of its own: the defaults, as in production. */
const { config } = readConfig({ flags: {}, environment: {}, readText: () => undefined });

export const worldParts: WorldParts = {
  openRegion: (founding) => async (id, ports) => {
    const { epoch, policy, roster, playbooks } = founding;
    const core = await RegionCore.open({
      id,
      federation,
      mode: 'simulation',
      genesis: { epoch, policy, roster },
      playbooks: openPlaybooks(playbooks, roster, ports.verifier),
      ports,
      limits: limitsOf(config),
    });
    await core.start();
    core.telemetry.start();
    return regionNode(core);
  },

  openCluster: async ({ regions, targets }) => {
    const files = memoryClusterFiles();
    for (const [index, target] of targets.entries()) {
      await seedTarget(files, {
        target,
        replicas: 4,
        generation: 1,
        release: 3,
        keyVersion: 1,
        activeRegion: regions[index % regions.length] ?? 'east',
        cpuMillis: 1000,
        memoryMib: 1024,
        stopGeneration: 0,
        healthy: true,
        fence: 0,
      });
    }
    return mockDriver(files, { regions });
  },
};
