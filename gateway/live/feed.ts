/**
 * The newest entries of one tenant, each already in the form that every stream is sent.
 *
 *     in the store only            here
 *     ─────────────────┬───────────────────────┬─────>  sequence numbers
 *                      from                    the log's head
 *
 * Every entry of the tenant from `from` up to the head is here. What falls out at the old end,
 * because bytes are bounded, is read from the store by whoever still wants it.
 */
import { Buffer } from 'node:buffer';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import { auditWire } from '../views/audit.ts';

export interface Frame {
  readonly seq: number;
  readonly bytes: Buffer;
}

/** Frames to write at once. */
export interface Batch {
  readonly bytes: Buffer;
  readonly count: number;
  /** The position of a stream that was sent these: the first sequence number it lacks. */
  readonly next: number;
}

export function frameOf(entry: AuditEntry): Frame {
  const data = JSON.stringify(auditWire(entry));
  return {
    seq: entry.seq,
    bytes: Buffer.from(`id: ${entry.seq}\nevent: entry\ndata: ${data}\n\n`),
  };
}

export function batchOf(frames: readonly Frame[], next: number): Batch {
  return { bytes: Buffer.concat(frames.map(({ bytes }) => bytes)), count: frames.length, next };
}

export class Feed {
  readonly #bytesMax: number;
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #from: number;
  #newest: { readonly position: number; readonly batch: Batch } | null = null;

  constructor(from: number, bytesMax: number) {
    this.#from = from;
    this.#bytesMax = bytesMax;
  }

  add(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#frames.shift();
      if (!oldest) break;
      this.#bytes -= oldest.bytes.length;
      this.#from = oldest.seq + 1;
    }
  }

  /**
   * What a stream at the position lacks of a log with this head; null when only the store has
   * all of it. Streams that keep up are at one position, so they share the bytes.
   */
  since(position: number, head: number): Batch | null {
    if (position < this.#from) return null;
    if (this.#newest?.position === position && this.#newest.batch.next === head) {
      return this.#newest.batch;
    }
    const lacking = this.#frames.filter(({ seq }) => seq >= position);
    const batch = batchOf(lacking, Math.max(position, head));
    this.#newest = { position, batch };
    return batch;
  }
}
