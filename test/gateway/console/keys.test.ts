import { expect, test } from 'vitest';
import { type KeyBinding, nextStroke } from '#gateway/console/src/lib/keys.ts';
import { focusAfter, hasNewFront } from '#gateway/console/src/lib/virtual-list.ts';

const bindings: readonly KeyBinding[] = ['j', '?', 'g a', 'g d', 'd'].map((keys) => ({
  keys,
  label: keys,
  run: () => keys,
}));

/** What the keys called, one after the other. */
function typed(...strokes: readonly string[]): readonly unknown[] {
  let prefix = '';
  return strokes.flatMap((key) => {
    const step = nextStroke(prefix, { key, hasModifier: false }, bindings);
    prefix = step.prefix;
    return step.run ? [step.run()] : [];
  });
}

test('a key does what it is bound to, and two keys what the pair is bound to', () => {
  expect(typed('j', '?', 'g', 'a', 'g', 'd')).toEqual(['j', '?', 'g a', 'g d']);
});

test('a second key that ends no pair is a key by itself', () => {
  expect(typed('g', 'j')).toEqual(['j']);
  expect(typed('g', 'x', 'a')).toEqual([]);
  expect(typed('g', 'g', 'd')).toEqual(['g d']);
});

test('Shift on its way to another key ends no pair', () => {
  expect(typed('g', 'Shift', 'd')).toEqual(['g d']);
});

test('a key with Control, Alt or Meta belongs to the browser', () => {
  const step = nextStroke('g', { key: 'd', hasModifier: true }, bindings);
  expect(step).toEqual({ prefix: '', run: null });
});

test('the focus moves by rows and stays in the list', () => {
  expect(focusAfter(-1, 3, 'next')).toBe(0);
  expect(focusAfter(2, 3, 'next')).toBe(2);
  expect(focusAfter(-1, 3, 'previous')).toBe(0);
  expect(focusAfter(2, 3, 'previous')).toBe(1);
  expect(focusAfter(0, 3, 'last')).toBe(2);
  expect(focusAfter(2, 3, 'first')).toBe(0);
  expect(focusAfter(-1, 0, 'next')).toBe(-1);
});

test('a list grew at its front when what was first is further down', () => {
  const keyOf = (item: string) => item;
  expect(hasNewFront(['c', 'b'], 'b', keyOf)).toBe(true);
  expect(hasNewFront(['b', 'a'], 'b', keyOf)).toBe(false);
  expect(hasNewFront(['z'], 'b', keyOf)).toBe(false);
  expect(hasNewFront([], 'b', keyOf)).toBe(false);
  expect(hasNewFront(['b'], null, keyOf)).toBe(false);
});
