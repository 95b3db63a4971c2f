/** Ports that say nothing, for tests that listen elsewhere. */
import type { Log, Metrics } from '#fabric/ports.ts';

export const noMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} };

export const noLog: Log = {
  child: () => noLog,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** Lets every promise that can settle do so, however long their chain. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
