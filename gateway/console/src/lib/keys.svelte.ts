/**
 * Keys: what the page at hand offers, and the two-key walks that work everywhere.
 */
import { untrack } from 'svelte';
import { after } from './clock.ts';
import { type KeyBinding, type KeyStroke, nextStroke } from './keys.ts';

export type { KeyBinding } from './keys.ts';

/** The second key of `g d` comes within this. */
const secondKeyWithinMs = 1200;

let groups = $state.raw<readonly (readonly KeyBinding[])[]>([]);
let prefix = '';
let forgetPrefix: (() => void) | null = null;

export const keyboard = {
  /** Everything that works now, for the help. */
  get bindings(): readonly KeyBinding[] {
    return groups.flat();
  },
};

/** Offers keys while the component is there; the latest comes first. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  $effect(() => {
    groups = [bindings, ...untrack(() => groupsWithout(bindings))];
    return () => {
      groups = groupsWithout(bindings);
    };
  });
}

function groupsWithout(bindings: readonly KeyBinding[]) {
  return groups.filter((group) => group !== bindings);
}

/** Listens on the window; once, from main.ts. */
export function startKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || isTyping(event.target) || isInDialog(event.target)) return;
    const stroke: KeyStroke = {
      key: event.key,
      hasModifier: event.ctrlKey || event.metaKey || event.altKey,
    };
    const step = nextStroke(prefix, stroke, keyboard.bindings);
    remember(step.prefix);
    if (!step.run) return;
    event.preventDefault();
    step.run();
  });
}

function remember(next: string): void {
  forgetPrefix?.();
  prefix = next;
  forgetPrefix = next === '' ? null : after(secondKeyWithinMs, () => remember(''));
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('dialog[open]') !== null;
}
