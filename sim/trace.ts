/**
 * The trace: every event of a world in order, one line each, hashed as it goes.
 *
 * Two runs of a seed have the same trace hash; where they do not, keep the lines of both and
 * compare. Lines hold digests of messages, not the messages.
 */
import { createHash, hash } from 'node:crypto';

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #sink: ((line: string) => void) | null;
  #lines = 0;

  /** `sink` receives every line, for a comparison of two runs. */
  constructor(sink: ((line: string) => void) | null = null) {
    this.#sink = sink;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Time is written relative to the world's beginning by the caller. */
  line(...parts: readonly (string | number)[]): void {
    const line = parts.join(' ');
    this.#hash.update(line).update('\n');
    this.#lines += 1;
    this.#sink?.(line);
  }

  /** `sha256:` and hex, of all lines so far. */
  digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`;
  }
}

/** Short and enough to tell two messages apart in a trace. */
export function shortDigest(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 16);
}
