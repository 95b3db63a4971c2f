/**
 * Small facts that a gateway must not forget over a restart: answers already given under an
 * idempotency key, sessions that were ended.
 *
 *   http/<kind>/<name>   {at, until, fact}
 *
 * Bounded for each kind, so that many of one never push out another's: beyond the bound the
 * oldest go, and what is over goes with whatever is remembered next.
 */
import type { Store, StoreOp } from '#fabric/ports.ts';
import { fromBase64, fromUtf8, toBase64, utf8 } from '#protocols/bytes.ts';

const prefix = 'http/';
/** How many of the oldest are looked at, and removed if they are over, with each new fact. */
const sweepMax = 16;

interface Stored {
  /** Milliseconds, node's clock. */
  readonly at: number;
  readonly until: number;
  readonly fact: string;
}

export interface FactsOptions {
  readonly store: Pick<Store, 'get' | 'scan'>;
  readonly factsMax: number;
  now(): number;
  /** Resolves once the operations are durable. */
  commit(ops: readonly StoreOp[]): Promise<unknown>;
}

export class Facts {
  readonly #o: FactsOptions;
  /** By kind: when each fact is over, the oldest first. */
  readonly #kinds = new Map<string, Map<string, number>>();

  private constructor(options: FactsOptions) {
    this.#o = options;
  }

  static async open(options: FactsOptions): Promise<Facts> {
    const facts = new Facts(options);
    const found: { readonly key: string; readonly stored: Stored }[] = [];
    for await (const [key, bytes] of options.store.scan({ prefix })) {
      found.push({ key: key.slice(prefix.length), stored: parse(bytes) });
    }
    for (const { key, stored } of found.sort((a, b) => a.stored.at - b.stored.at)) {
      facts.#ofKind(key).set(key, stored.until);
    }
    return facts;
  }

  async remember(key: string, fact: Uint8Array, until: number): Promise<void> {
    const known = this.#ofKind(key);
    // Again, it is the newest.
    known.delete(key);
    const gone = this.#dueOf(known);
    for (const old of gone) known.delete(old);
    known.set(key, until);
    const stored: Stored = { at: this.#o.now(), until, fact: toBase64(fact) };
    await this.#o.commit([
      { put: prefix + key, value: utf8(JSON.stringify(stored)) },
      ...gone.map((old) => ({ del: prefix + old })),
    ]);
  }

  async recall(key: string): Promise<Uint8Array | null> {
    const until = this.#kinds.get(kindOf(key))?.get(key);
    if (until === undefined || until <= this.#o.now()) return null;
    const bytes = await this.#o.store.get(prefix + key);
    return bytes ? fromBase64(parse(bytes).fact) : null;
  }

  /** What is over among the oldest, and what there is no room for besides a new one. */
  #dueOf(known: ReadonlyMap<string, number>): readonly string[] {
    const now = this.#o.now();
    const surplus = known.size + 1 - this.#o.factsMax;
    const oldest = known.entries().take(Math.max(sweepMax, surplus));
    return [...oldest].flatMap(([key, until], index) =>
      until <= now || index < surplus ? [key] : [],
    );
  }

  #ofKind(key: string): Map<string, number> {
    const kind = kindOf(key);
    const known = this.#kinds.get(kind) ?? new Map<string, number>();
    this.#kinds.set(kind, known);
    return known;
  }
}

function kindOf(key: string): string {
  return key.slice(0, key.indexOf('/') + 1);
}

function parse(bytes: Uint8Array): Stored {
  return JSON.parse(fromUtf8(bytes)) as Stored;
}
