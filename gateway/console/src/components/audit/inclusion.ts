/**
 * An inclusion proof level by level: the hash that the path brings, and the hash that this browser
 * computes from the two, up to the root. A node without a partner moves up as it is.
 *
 * Each level is computed with the project's own node hash; whether the proof as a whole holds is
 * for verifyInclusion() to say. The drawing is in climb-drawing.ts.
 */
import { fromHex, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { leafHash, nodeHash, verifyInclusion } from '#protocols/merkle/proof.ts';
import type { ProvenEntry } from '#protocols/messages/receipt.ts';

export interface ClimbStep {
  /** The sibling's side. */
  readonly side: 'left' | 'right';
  readonly sibling: string;
  /** What the two give. */
  readonly parent: string;
  /** The first and the last leaf under the parent. */
  readonly from: number;
  readonly to: number;
}

export interface Climb {
  readonly index: number;
  readonly size: number;
  readonly leaf: string;
  readonly steps: readonly ClimbStep[];
  /** Null when the path has not as many hashes as the place needs. */
  readonly computed: string | null;
  readonly signed: string;
  readonly holds: boolean;
}

interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** The way from an entry to the root of the signed head. */
export function climb({ entry, path }: ProvenEntry, head: Head): Climb {
  const leaf = leafHash(canonicalBytes(entry));
  const hashes = path.map(fromHex);
  const place = { leaf, index: entry.seq, size: head.size };
  const walked = stepsFrom(place, hashes);
  const top = walked?.at(-1)?.parent ?? (walked ? toHex(leaf) : null);
  return {
    index: entry.seq,
    size: head.size,
    leaf: toHex(leaf),
    steps: walked ?? [],
    computed: top,
    signed: toHex(head.root),
    holds: verifyInclusion(place, hashes, head.root),
  };
}

function stepsFrom(
  place: { readonly leaf: Uint8Array; readonly index: number; readonly size: number },
  path: readonly Uint8Array[],
): readonly ClimbStep[] | null {
  const steps: ClimbStep[] = [];
  let { leaf: hash, index } = place;
  let span = 1;
  for (let width = place.size; width > 1; width = Math.ceil(width / 2)) {
    const isRight = index % 2 === 1;
    const hasSibling = isRight || index + 1 < width;
    index = Math.floor(index / 2);
    span *= 2;
    if (!hasSibling) continue;
    const sibling = path[steps.length];
    if (!sibling) return null;
    hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    steps.push({
      side: isRight ? 'left' : 'right',
      sibling: toHex(sibling),
      parent: toHex(hash),
      from: index * span,
      to: Math.min(place.size, (index + 1) * span) - 1,
    });
  }
  return steps.length === path.length && place.index < place.size ? steps : null;
}
