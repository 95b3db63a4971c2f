/**
 * Trust on first use: the first fingerprint that this browser sees for a federation is kept,
 * and any other one after it is an alarm. Pure.
 */

/** What the browser keeps. */
export interface KeptPin {
  readonly fingerprint: string;
  /** When it was first seen or last accepted, RFC 3339. */
  readonly since: string;
}

export type Pin =
  /** Nobody has compared anything yet: this is the first one seen. */
  | { readonly state: 'first'; readonly fingerprint: string; readonly kept: KeptPin }
  | { readonly state: 'same'; readonly fingerprint: string; readonly kept: KeptPin }
  | { readonly state: 'changed'; readonly fingerprint: string; readonly kept: KeptPin };

export function comparePin(kept: KeptPin | null, fingerprint: string, now: string): Pin {
  if (kept === null) return { state: 'first', fingerprint, kept: { fingerprint, since: now } };
  const state = kept.fingerprint === fingerprint ? 'same' : 'changed';
  return { state, fingerprint, kept };
}

export function pinText({ fingerprint, since }: KeptPin): string {
  return `${fingerprint} ${since}`;
}

/** Null when nothing is kept, or nothing that this console wrote. */
export function pinIn(text: string | null): KeptPin | null {
  const [, fingerprint, since] = /^(sha256:[0-9a-f]{64}) (\S+Z)$/.exec(text ?? '') ?? [];
  return fingerprint !== undefined && since !== undefined ? { fingerprint, since } : null;
}
