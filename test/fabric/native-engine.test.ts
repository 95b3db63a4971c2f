import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as native from '#fabric/native-engine.ts';
import * as portable from '#protocols/portable-engine.ts';

// Goal: a browser and a region compute the same. Method: the same bytes through both.
test('the native and the portable engine give the same bytes and texts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(native.sha256(bytes)).equals(Buffer.from(portable.sha256(bytes)))).toBe(
        true,
      );
      const text = portable.encodeBase64(bytes);
      expect(native.encodeBase64(bytes)).toBe(text);
      expect(native.decodeBase64(text)).toEqual(portable.decodeBase64(text));
    }),
  );
});

test('a large input fits the portable encoder', () => {
  const bytes = new Uint8Array(100_000).fill(7);
  expect(portable.encodeBase64(bytes)).toBe(native.encodeBase64(bytes));
});
