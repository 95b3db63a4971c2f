/**
 * The records used last, bounded in bytes; the newest stays even when it alone is larger.
 *
 * Pure.
 */
export class RecordCache {
  readonly #bytesMax: number;
  /** Insertion order is order of use. */
  readonly #records = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(seq: number): Uint8Array | undefined {
    const bytes = this.#records.get(seq);
    if (bytes === undefined) return undefined;
    this.#records.delete(seq);
    this.#records.set(seq, bytes);
    return bytes;
  }

  add(seq: number, bytes: Uint8Array): void {
    this.#drop(seq);
    this.#records.set(seq, bytes);
    this.#bytes += bytes.length;
    for (const oldest of this.#records.keys()) {
      if (this.#bytes <= this.#bytesMax || this.#records.size === 1) return;
      this.#drop(oldest);
    }
  }

  #drop(seq: number): void {
    const bytes = this.#records.get(seq);
    if (bytes === undefined) return;
    this.#records.delete(seq);
    this.#bytes -= bytes.length;
  }
}
