import { expect, test } from 'vitest';
import { draftOf, keepDraft } from '#gateway/console/src/lib/drafts.ts';

test('a text that was begun is there again until it is sent', () => {
  keepDraft('alice d1', 'the forecast');
  expect(draftOf('alice d1')).toBe('the forecast');
  expect(draftOf('bob d1')).toBe('');
  keepDraft('alice d1', '');
  expect(draftOf('alice d1')).toBe('');
});

test('the oldest text goes when there are too many', () => {
  for (let index = 0; index < 30; index += 1) keepDraft(`key ${index}`, `text ${index}`);
  expect(draftOf('key 0')).toBe('');
  expect(draftOf('key 29')).toBe('text 29');
});
