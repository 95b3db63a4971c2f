/**
 * What a region keeps of every instance: the head of each target, certificates, bodies, and the
 * durable part of ballots that are still open. Only keys and their meaning live here; when
 * something is written is the ballot host's business.
 *
 *   head/<target>               {version, value}: the newest certificate's
 *   cert/<target>@<version>     certificate/1
 *   ballot/<target>@<version>   DurableBallot, until the instance is decided
 *   body/<hex>                  the bytes of a manifest or journal entry
 */

import type { Store, StoreOp } from '#fabric/ports.ts';
import type { DurableBallot } from '#protocols/ballot/state.ts';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import { type Instance, journalTarget, type ValueId, versionOf } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import { validate } from '#protocols/messages/index.ts';

export interface Head {
  readonly version: number;
  readonly value: ValueId;
}

const versionDigits = 16;

export class Instances {
  readonly #store: Store;
  readonly #heads = new Map<string, Head>();

  private constructor(store: Store) {
    this.#store = store;
  }

  static async open(
    store: Store,
  ): Promise<{ instances: Instances; open: readonly DurableBallot[] }> {
    const instances = new Instances(store);
    for await (const [key, bytes] of store.scan({ prefix: 'head/' })) {
      instances.#heads.set(key.slice('head/'.length), parse(key, bytes));
    }
    const open: DurableBallot[] = [];
    for await (const [key, bytes] of store.scan({ prefix: 'ballot/' })) {
      open.push(parse<DurableBallot>(key, bytes));
    }
    return { instances, open };
  }

  heads(): ReadonlyMap<string, Head> {
    return this.#heads;
  }

  headVersion(target: string): number {
    return this.#heads.get(target)?.version ?? 0;
  }

  /** The only version that may be voted on: the one after the newest certificate. */
  nextVersion(target: string, epoch: number): number {
    const head = this.#heads.get(target);
    if (target === journalTarget) return (head?.version ?? 0) + 1;
    const first = versionOf(epoch, 1);
    return head && head.version >= first ? head.version + 1 : first;
  }

  async certificate(target: string, version: number): Promise<Certificate | null> {
    const key = certificateKey({ target, version });
    const bytes = await this.#store.get(key);
    if (!bytes) return null;
    const checked = validate(['certificate/1'], parse(key, bytes));
    if (!checked.ok) throw corrupt(key);
    return checked.value;
  }

  /** Certificates of a target above a version, oldest first. */
  async *certificatesAfter(target: string, version: number): AsyncIterable<Certificate> {
    const prefix = `cert/${target}@`;
    const after = certificateKey({ target, version });
    for await (const [key, bytes] of this.#store.scan({ prefix, after })) {
      yield parse<Certificate>(key, bytes);
    }
  }

  async body(value: ValueId): Promise<Uint8Array | undefined> {
    return this.#store.get(bodyKey(value));
  }

  /** Advances the head in memory and gives the operations that make it durable. */
  decide(certificate: Certificate): readonly StoreOp[] {
    const { target, version } = certificate.instance;
    const head: Head = { version, value: certificate.value };
    this.#heads.set(target, head);
    return [
      { put: certificateKey(certificate.instance), value: canonicalBytes(certificate) },
      { put: `head/${target}`, value: canonicalBytes(head) },
      { del: ballotKey(certificate.instance) },
    ];
  }
}

export function putBallot(durable: DurableBallot): StoreOp {
  return { put: ballotKey(durable.instance), value: utf8(JSON.stringify(durable)) };
}

export function delBallot(instance: Instance): StoreOp {
  return { del: ballotKey(instance) };
}

export function putBody(value: ValueId, bytes: Uint8Array): StoreOp {
  return { put: bodyKey(value), value: bytes };
}

function bodyKey(value: ValueId): string {
  return `body/${value.slice('sha256:'.length)}`;
}

function ballotKey({ target, version }: Pick<Instance, 'target' | 'version'>): string {
  return `ballot/${target}@${String(version).padStart(versionDigits, '0')}`;
}

function certificateKey({ target, version }: Pick<Instance, 'target' | 'version'>): string {
  return `cert/${target}@${String(version).padStart(versionDigits, '0')}`;
}

function parse<T>(key: string, bytes: Uint8Array): T {
  try {
    return JSON.parse(fromUtf8(bytes)) as T;
  } catch (cause) {
    throw corrupt(key, cause);
  }
}

function corrupt(key: string, cause?: unknown): QuorateError {
  return new QuorateError('store-corrupt', `the store is damaged at ${key}`, { field: key, cause });
}
