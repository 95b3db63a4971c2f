/**
 * One client of the event stream: a position in the log that only moves over what was written.
 *
 *            recent entries: the feed                    write() says "full"
 *   current ──────────────────────────> written ──────────────────────────────> waiting
 *      ^     older ones: read a page       │                                       │
 *      └───────────────────────────────────┴──────────────── drained ──────────────┘
 *
 * There is one place that writes entries, and it writes from the position on, so none is missing,
 * doubled or out of order whichever source they come from. Nothing is queued here for a client
 * that is full: it falls back behind the feed and reads pages again, at its own pace.
 */
import type { Writable } from 'node:stream';
import type { systemClock } from '#fabric/open.ts';
import type { Batch } from './feed.ts';

/** `gone`: the client closed it; `slow`: it stopped reading; `failed`: the store did not answer. */
export type StreamEnd = 'gone' | 'slow' | 'failed' | 'expired' | 'signed-out' | 'draining';

export interface StreamOptions {
  readonly to: Writable;
  /** The first sequence number the client lacks. */
  readonly position: number;
  readonly clock: typeof systemClock;
  /** Null when only the store has what comes next. */
  recent(position: number): Batch | null;
  stored(position: number): Promise<Batch>;
  onSent(count: number): void;
  onEnd(end: StreamEnd, error?: unknown): void;
}

/** Milliseconds until a client that lost its stream asks again. */
const retryMs = 2000;
/** A client that reads takes milliseconds; for one that does not, a drain waits no longer. */
const lingerMs = 1000;

export class EventStream {
  readonly #options: StreamOptions;
  readonly #to: Writable;
  #position: number;
  #isReading = false;
  #isFull = false;
  /** Keep-alives since the client was full without taking all it was given. */
  #missed = 0;
  #hasEnded = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#to = options.to;
    this.#position = options.position;
    this.#to.on('drain', () => this.#onDrain());
    this.#to.on('close', () => this.end('gone'));
    // A client that vanished while it was written to; `close` follows.
    this.#to.on('error', () => {});
  }

  /** The id lets a client that saw nothing but this resume where it began. */
  begin(size: number): void {
    // Its `close` may have come while the caller was being authenticated.
    if (this.#to.destroyed) this.end('gone');
    if (this.#hasEnded) return;
    this.#write(`: quorate\nretry: ${retryMs}\n\n`);
    this.#write(`id: ${this.#position - 1}\nevent: head\ndata: ${JSON.stringify({ size })}\n\n`);
    this.wake();
  }

  /** Writes what the client lacks, unless it has to take something first. */
  wake(): void {
    if (this.#isReading || this.#isFull || this.#hasEnded) return;
    const batch = this.#options.recent(this.#position);
    if (batch) this.#send(batch);
    else void this.#read();
  }

  /** Called at intervals: one that took nothing for a whole interval has stopped reading. */
  keepAlive(): void {
    if (!this.#isFull) this.#write(': keep-alive\n\n');
    else if (this.#missed > 0) this.end('slow');
    else this.#missed += 1;
  }

  end(end: StreamEnd, error?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (end === 'slow' || end === 'gone') this.#to.destroy();
    else this.#sayEnd(end);
    this.#options.onEnd(end, error);
  }

  /** What is buffered goes out before it, unless the client takes too long. */
  #sayEnd(reason: StreamEnd): void {
    const { clock } = this.#options;
    this.#to.end(`retry: ${retryMs}\nevent: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    const timer = clock.setTimeout(() => this.#to.destroy(), lingerMs);
    this.#to.once('close', () => clock.clearTimeout(timer));
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      this.#send(await this.#options.stored(this.#position));
    } catch (error) {
      this.end('failed', error);
    } finally {
      this.#isReading = false;
    }
    this.wake();
  }

  #send({ bytes, count, next }: Batch): void {
    if (this.#hasEnded) return;
    this.#position = next;
    if (count === 0) return;
    this.#write(bytes);
    this.#options.onSent(count);
  }

  #write(bytes: Uint8Array | string): void {
    if (!this.#to.write(bytes)) this.#isFull = true;
  }

  #onDrain(): void {
    this.#isFull = false;
    this.#missed = 0;
    this.wake();
  }
}
