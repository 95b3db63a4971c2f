/**
 * What the values that regions vote for mean, seen from one decision: its own manifest, another
 * one put forward for the same version, ABORT, or nothing yet.
 */
import { describeAction } from '#gateway/words.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { ProposalWire } from '../../lib/wire.ts';

export type Meaning = 'this' | 'other' | 'abort' | 'nil';
/** By digest: every manifest that is known to have been put forward for this version. */
export type Manifests = ReadonlyMap<string, Manifest>;

export function meaningOf(value: string, { digest }: Pick<ProposalWire, 'digest'>): Meaning {
  if (value === 'abort' || value === 'nil') return value;
  return value === digest ? 'this' : 'other';
}

export function manifestsOf(
  proposal: ProposalWire,
  siblings: readonly ProposalWire[] = [],
): Manifests {
  const found = new Map<string, Manifest>();
  for (const { digest, manifest, counters } of [proposal, ...siblings]) {
    if (digest !== null && manifest !== null) found.set(digest, manifest);
    for (const counter of counters) found.set(counter.digest, counter.manifest);
  }
  return found;
}

/** `scale to 16 replicas`, `abort`, `nothing yet`, or a short digest where no more is known. */
export function nameOf(value: string, manifests: Manifests): string {
  if (value === 'abort') return 'abort: do nothing';
  if (value === 'nil') return 'nothing in this round';
  const manifest = manifests.get(value);
  return manifest ? describeAction(manifest.action) : `manifest ${shortDigest(value)}`;
}

/** What a decision comes to, in words. */
export function actionOf({ manifest }: Pick<ProposalWire, 'manifest'>): string {
  return manifest ? describeAction(manifest.action) : 'do nothing (abort)';
}

function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Versions count from 1 in every epoch: epoch * 2^32 + n. */
export function versionInWords(version: number): string {
  return `version ${version % 2 ** 32} of epoch ${Math.floor(version / 2 ** 32)}`;
}

/** A monthly change of cost, in the tenant's currency units. */
export function costWords(delta: number): string {
  if (delta === 0) return 'costs the same';
  const amount = Math.abs(delta).toFixed(2);
  return delta > 0 ? `costs ${amount} more a month` : `saves ${amount} a month`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
