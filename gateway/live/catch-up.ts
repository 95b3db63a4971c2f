/**
 * Entries from the store, for streams that are behind the feed.
 *
 * Few pages are read at a time, however many streams come back at once after a cut, and with
 * pauses: decisions share this process, and each page is held in memory until it is written.
 */
import type { systemClock } from '#fabric/open.ts';
import { assert } from '#protocols/assert.ts';
import type { RegionNode } from '#regions/node.ts';
import { type Batch, batchOf, type Frame, frameOf } from './feed.ts';

/** About 100 KiB. */
const pageEntries = 100;
const readsMax = 2;
/** While several streams wait for pages: reading is a third of the time. */
const pausePerRead = 2;

export interface CatchUpOptions {
  readonly region: Pick<RegionNode, 'entries'>;
  readonly clock: typeof systemClock;
  /** Of what is written at once. */
  readonly bytesMax: number;
}

export class CatchUp {
  readonly #options: CatchUpOptions;
  #reading = 0;
  /** At most one a stream. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /** The tenant's next entries from the position on, as many as may be written at once. */
  async read(tenant: string, position: number): Promise<Batch> {
    const { region, clock } = this.#options;
    if (this.#reading < readsMax) this.#reading += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const begun = clock.now();
    try {
      const page = await region.entries(tenant, position, pageEntries);
      const isTheirs = page.items.every((entry) => entry.tenant === tenant);
      assert(isTheirs && page.next > position, 'a page holds what comes next for its tenant');
      return this.#fit(page.items.map(frameOf), page.next);
    } finally {
      const pauseMs = this.#waiting.length > 0 ? (clock.now() - begun) * pausePerRead : 0;
      if (pauseMs > 0) clock.setTimeout(() => this.#handOver(), pauseMs);
      else this.#handOver();
    }
  }

  /** Whoever waits takes the turn over. */
  #handOver(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#reading -= 1;
  }

  /** At least one frame, so that one above the bound does not stop the stream. */
  #fit(frames: readonly Frame[], next: number): Batch {
    let bytes = 0;
    const fitting = frames.findIndex((frame, index) => {
      bytes += frame.bytes.length;
      return index > 0 && bytes > this.#options.bytesMax;
    });
    const beyond = frames[fitting];
    return beyond ? batchOf(frames.slice(0, fitting), beyond.seq) : batchOf(frames, next);
  }
}
