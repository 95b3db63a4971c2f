/**
 * Everything random in a world, from one seed.
 *
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * 2018), seeded by SHA-256 over a path of labels. Each part of the world draws from a fork of
 * its own, so that one more draw in one part does not change every other part.
 */
import { sha256 } from '#engine';
import { assert } from '#protocols/assert.ts';
import { utf8 } from '#protocols/bytes.ts';

export class Seed {
  readonly #path: string;
  readonly #s: Uint32Array;

  constructor(path: string | number) {
    this.#path = String(path);
    const digest = sha256(utf8(`quorate/sim/1/${this.#path}`));
    const view = new DataView(digest.buffer, digest.byteOffset);
    this.#s = Uint32Array.from([0, 4, 8, 12], (offset) => view.getUint32(offset));
    // The all-zero state is the one that xoshiro never leaves.
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
  }

  /** An independent stream, the same for the same label. */
  fork(label: string): Seed {
    return new Seed(`${this.#path}/${label}`);
  }

  /** 32 uniform bits. */
  uint32(): number {
    const s = this.#s as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  share(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform in [min, max], both included. */
  integer(min: number, max: number): number {
    assert(max >= min && max - min < 2 ** 32, 'a range of integers is not empty and fits 32 bits');
    return min + Math.floor(this.share() * (max - min + 1));
  }

  /** True with the probability given. */
  chance(probability: number): boolean {
    return this.share() < probability;
  }

  /** Near-normal with mean 0 and deviation 1: additions only, so equal on every machine. */
  normal(): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw += 1) sum += this.share();
    return sum;
  }

  /** Mostly small and sometimes large, up to five times the mean. */
  skewed(mean: number): number {
    const share = this.share();
    return 5 * mean * share * share * share * share;
  }

  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, 'there is something to pick from');
    return items[this.integer(0, items.length - 1)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() >>> 24);
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
