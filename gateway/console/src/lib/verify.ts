/**
 * Verifying in the browser: nothing the gateway says about a document is believed; its bytes
 * are checked against the trust root whose fingerprint this browser pinned.
 */
import { createSubscriber } from 'svelte/reactivity';
import type { Verification } from '#protocols/verify-document.ts';
import { getBytes } from './api.ts';
import { now } from './clock.ts';
import { recall, remember } from './memory.ts';
import { comparePin, type Pin, pinIn, pinText } from './trust-pin.ts';

export type { Verification };

const key = 'quorate.trust-root';

let pin: Pin | null = null;
let root: Uint8Array | null = null;
let loading: Promise<void> | null = null;
let announce: () => void = () => {};
const follow = createSubscriber((update) => {
  announce = update;
  return () => {
    announce = () => {};
  };
});

export const trust = {
  /** Of the trust root that the gateway serves, recomputed here; null before the first look. */
  get fingerprint(): string | null {
    follow();
    return pin?.fingerprint ?? null;
  },
  /** The one this browser keeps. */
  get pinned(): string | null {
    follow();
    return pin?.kept.fingerprint ?? null;
  },
  /** Since when it keeps that one. */
  get since(): string | null {
    follow();
    return pin?.kept.since ?? null;
  },
  /** Another trust root than before: nothing verifies until a person accepts it. */
  get isChanged(): boolean {
    follow();
    return pin?.state === 'changed';
  },
  /** Nobody has compared it yet. */
  get isFirst(): boolean {
    follow();
    return pin?.state === 'first';
  },
};

/** Reads the trust root and compares it with the pinned one; once for all who ask meanwhile. */
export function loadTrust(): Promise<void> {
  loading ??= readTrust().finally(() => {
    loading = null;
  });
  return loading;
}

async function readTrust(): Promise<void> {
  const bytes = await getBytes('/federation/trust-root');
  const { fingerprintOf } = await import('./verifier.ts');
  const at = new Date(now()).toISOString();
  const compared = comparePin(pinIn(recall(key)), fingerprintOf(bytes), at);
  root = bytes;
  if (compared.state === 'first') remember(key, pinText(compared.kept));
  pin = compared;
  announce();
}

/** A person compared the fingerprint by another way and takes the new trust root. */
export function acceptTrust(): void {
  if (pin === null) return;
  const kept = { fingerprint: pin.fingerprint, since: new Date(now()).toISOString() };
  remember(key, pinText(kept));
  pin = { state: 'same', fingerprint: pin.fingerprint, kept };
  announce();
}

/** The trust root's bytes, for looking into what was verified. */
export async function trustRootBytes(): Promise<Uint8Array> {
  if (root === null) await loadTrust();
  if (root === null) throw new Error('there is no trust root');
  return root;
}

/** Checks a receipt, certificate, manifest, trigger or audit head. */
export async function verifyInBrowser(bytes: Uint8Array): Promise<Verification> {
  if (root === null) await loadTrust();
  if (root === null || pin === null) throw new Error('there is no trust root');
  if (pin.state === 'changed') {
    const reason = 'the trust root is not the one this browser knows';
    return refusedFor(pin.fingerprint, reason);
  }
  const { verify } = await import('./verifier.ts');
  return verify(bytes, root);
}

function refusedFor(trustRoot: string, reason: string): Verification {
  return { ok: false, kind: 'receipt', trustRoot, checked: [], field: 'trust root', reason };
}
