/**
 * Telling what must not be lost: events whose facts are on disk already.
 *
 * A full mailbox makes them wait, in order: an approval that overtook its certificate would mean
 * nothing to whoever hears it. How many wait is bounded by the decisions under way, each of
 * which has a handful of events. To a tenant that has failed nothing is told any more; after the
 * next start it hears all of it again.
 */
import type { AgentEvent, AgentName } from '#agents/events.ts';
import type { Clock } from '#fabric/ports.ts';
import type { Tell } from './context.ts';

export interface SureTellOptions {
  readonly clock: Clock;
  readonly tell: Tell;
  /** Whether telling the tenant can ever succeed again. */
  hasFailed(tenant: string): boolean;
}

interface Waiting {
  readonly agent: AgentName;
  readonly event: AgentEvent;
}

const tellAgainMs = 50;

export class SureTell {
  readonly #o: SureTellOptions;
  readonly #waiting = new Map<string, Waiting[]>();
  #isClosed = false;

  constructor(options: SureTellOptions) {
    this.#o = options;
  }

  /** Always true: it is told, or will be. */
  tell(tenant: string, agent: AgentName, event: AgentEvent): true {
    const queue = this.#waiting.get(tenant);
    if (queue) queue.push({ agent, event });
    else if (!this.#o.tell(tenant, agent, event)) {
      this.#waiting.set(tenant, [{ agent, event }]);
      this.#tryAgain(tenant);
    }
    return true;
  }

  /** Whether nothing waits to be told. */
  isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #tryAgain(tenant: string): void {
    this.#o.clock.setTimeout(() => this.#tellWaiting(tenant), tellAgainMs);
  }

  #tellWaiting(tenant: string): void {
    const queue = this.#waiting.get(tenant);
    if (!queue || this.#isClosed) return;
    const refused = queue.findIndex(({ agent, event }) => !this.#o.tell(tenant, agent, event));
    if (refused < 0 || this.#o.hasFailed(tenant)) {
      this.#waiting.delete(tenant);
      return;
    }
    queue.splice(0, refused);
    this.#tryAgain(tenant);
  }
}
