/** What every telemetry source that ends promises. Each adapter runs this suite. */
import { describe, expect, test } from 'vitest';
import type { TelemetryBatch, TelemetrySource } from '#fabric/ports.ts';

export async function batchesFrom(
  source: TelemetrySource,
  offset: string | null = null,
): Promise<readonly TelemetryBatch[]> {
  const batches: TelemetryBatch[] = [];
  for await (const batch of source.open(offset)) batches.push(batch);
  return batches;
}

/** `open` gives a source that delivers at least three batches without waiting. */
export function telemetryContract(name: string, open: () => TelemetrySource): void {
  describe(`${name} keeps the telemetry contract`, () => {
    test('every point is at or before its batch’s end and after the one before', async () => {
      const batches = await batchesFrom(open());
      expect(batches.length).toBeGreaterThanOrEqual(3);
      let before = Number.NEGATIVE_INFINITY;
      for (const { points, upTo } of batches) {
        expect(upTo).toBeGreaterThan(before);
        for (const { at } of points) {
          expect(at).toBeLessThanOrEqual(upTo);
          expect(at).toBeGreaterThan(before);
        }
        before = upTo;
      }
    });

    test('opening at the offset of any batch goes on after it', async () => {
      const all = await batchesFrom(open());
      for (const [index, { offset }] of all.entries()) {
        expect(await batchesFrom(open(), offset)).toEqual(all.slice(index + 1));
      }
    });

    test('a source may be opened again', async () => {
      const source = open();
      expect(await batchesFrom(source)).toEqual(await batchesFrom(source));
    });

    test('closing ends what is open', async () => {
      const source = open();
      let batches = 0;
      for await (const _ of source.open(null)) {
        batches += 1;
        await source.close();
      }
      expect(batches).toBe(1);
    });
  });
}
