import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    pool: 'threads',
    // One more than there are cores: the integration tests mostly wait for their processes.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 20_000,
  },
});
