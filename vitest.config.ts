import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const shared = { environment: 'node', pool: 'threads', testTimeout: 20_000 } as const;
/** These start processes and clean up after each file, so each file has a worker of its own. */
const processes = [
  'test/integration/**/*.test.ts',
  'test/gateway/**/*.test.ts',
  'test/fabric/{nats,libp2p}/*.test.ts',
];

export default defineConfig({
  test: {
    // The default on two cores is a single worker.
    maxWorkers: availableParallelism() + 1,
    projects: [
      { test: { ...shared, name: 'processes', include: processes } },
      {
        test: {
          ...shared,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: processes,
          // The parts have no global state: sharing a worker saves loading them again.
          isolate: false,
        },
      },
    ],
  },
});
