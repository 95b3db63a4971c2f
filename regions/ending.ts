/**
 * How a process waits for its regions, and how it ends when one of them cannot go on.
 */
import { systemClock } from '#fabric/open.ts';
import type { Log } from '#fabric/ports.ts';

const pollMs = 50;

/** Looks again and again: what is waited for are events of many parts. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, pollMs));
  }
}

/** A failed sync or a broken assertion: what is in memory may be ahead of the disk. */
export function stopProcess(error: unknown, log: Log): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ reason }, 'stopping at once');
  process.exit(1);
}
