import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '#fabric/host/mailbox.ts';
import type { Metrics } from '#fabric/ports.ts';

function countingMetrics(): Metrics & { readonly counted: string[] } {
  const counted: string[] = [];
  return {
    counted,
    count: (name, labels) => void counted.push(`${name}:${labels?.mailbox ?? ''}`),
    gauge: () => {},
    observe: () => {},
  };
}

test('a full mailbox refuses and counts, and keeps what it has', () => {
  const metrics = countingMetrics();
  const mailbox = new Mailbox<number>({ name: 'agents', capacity: 2, metrics });
  expect([mailbox.offer(1), mailbox.offer(2), mailbox.offer(3)]).toEqual([true, true, false]);
  expect(metrics.counted).toEqual(['mailbox_refused_total:agents']);
  expect(mailbox.take(9)).toEqual([1, 2]);
  expect(mailbox.offer(4)).toBe(true);
  mailbox.clear();
  expect(mailbox.size).toBe(0);
});

// Goal: first in, first out, bounded. Method: any mix of offers and takes beside a plain list.
test('a mailbox gives back what it accepted, once and in order', () => {
  const arbitraryStep = fc.oneof(fc.constant('offer' as const), fc.nat(5));
  fc.assert(
    fc.property(fc.array(arbitraryStep, { maxLength: 60 }), (steps) => {
      const metrics = countingMetrics();
      const mailbox = new Mailbox<number>({ name: 'any', capacity: 7, metrics });
      const model: number[] = [];
      steps.forEach((step, index) => {
        if (step === 'offer') {
          const isAccepted = model.length < 7;
          expect(mailbox.offer(index)).toBe(isAccepted);
          if (isAccepted) model.push(index);
        } else expect(mailbox.take(step)).toEqual(model.splice(0, step));
        expect(mailbox.size).toBe(model.length);
      });
    }),
    { numRuns: 100 },
  );
});
