/**
 * Receipts that a data folder keeps, one file a decision:
 *
 *   <data folder>/receipts/<decision>.json
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '#fabric/open.ts';

const receiptName = /^[0-9a-f]{64}\.json$/;

export class ReceiptFiles {
  readonly #folder: string;
  /** Decision ids. */
  readonly #ids: Set<string>;

  static async open(dataDir: string): Promise<ReceiptFiles> {
    const folder = join(dataDir, 'receipts');
    await mkdir(folder, { recursive: true });
    const names = (await readdir(folder)).filter((name) => receiptName.test(name));
    return new ReceiptFiles(folder, new Set(names.map((name) => name.slice(0, -'.json'.length))));
  }

  private constructor(folder: string, ids: Set<string>) {
    this.#folder = folder;
    this.#ids = ids;
  }

  async keep(decisionId: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(this.#fileOf(decisionId), bytes);
    this.#ids.add(decisionId);
  }

  has(decisionId: string): boolean {
    return this.#ids.has(decisionId);
  }

  /** Paths, sorted. */
  files(): readonly string[] {
    return [...this.#ids].sort().map((id) => this.#fileOf(id));
  }

  #fileOf(decisionId: string): string {
    return join(this.#folder, `${decisionId}.json`);
  }
}
