/** Which key does what. Pure; keys.svelte.ts listens. */

export interface KeyBinding {
  /** `?`, `j`, or two keys one after the other: `g d`. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
}

export interface KeyStroke {
  readonly key: string;
  /** Control, Meta or Alt: those belong to the browser. */
  readonly hasModifier: boolean;
}

/** What a key means after the keys before it: a call, the start of a pair, or nothing. */
export function nextStroke(
  prefix: string,
  { key, hasModifier }: KeyStroke,
  bindings: readonly KeyBinding[],
): { readonly prefix: string; readonly run: (() => void) | null } {
  if (hasModifier) return { prefix: '', run: null };
  // A Shift on its way to a `?` does not end a pair.
  if (key === 'Shift') return { prefix, run: null };
  const keys = prefix === '' ? key : `${prefix} ${key}`;
  const found = bindings.find((binding) => binding.keys === keys);
  if (found) return { prefix: '', run: found.run };
  const isStart = bindings.some((binding) => binding.keys.startsWith(`${keys} `));
  if (isStart) return { prefix: keys, run: null };
  return prefix === '' ? { prefix: '', run: null } : nextStroke('', { key, hasModifier }, bindings);
}
