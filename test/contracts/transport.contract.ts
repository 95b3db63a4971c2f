/** What every transport promises. Each adapter runs this suite; none has its own copy. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Transport } from '#fabric/ports.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';

export interface TransportFixture {
  /** Connected to each other as `a`, `b` and `c`. */
  readonly a: Transport;
  readonly b: Transport;
  readonly c: Transport;
  /** Waits until everything under way has arrived. */
  settle(): Promise<void>;
}

export function transportContract(name: string, open: () => Promise<TransportFixture>): void {
  describe(`${name} keeps the transport contract`, () => {
    let fixture: TransportFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(async () => {
      await Promise.all([fixture.a.close(), fixture.b.close(), fixture.c.close()]);
    });

    function listen(end: Transport): { from: string; bytes: number[] }[] {
      const received: { from: string; bytes: number[] }[] = [];
      end.onMessage((from, bytes) => received.push({ from, bytes: [...bytes] }));
      return received;
    }

    test('delivers in the order sent, and says who sent it', async () => {
      const received = listen(fixture.b);
      for (const n of [1, 2, 3]) fixture.a.send('b', Uint8Array.of(n));
      await fixture.settle();
      expect(received).toEqual([1, 2, 3].map((n) => ({ from: 'a', bytes: [n] })));
    });

    test('a broadcast reaches every other member and not its sender', async () => {
      const [a, b, c] = [listen(fixture.a), listen(fixture.b), listen(fixture.c)];
      fixture.a.broadcast(Uint8Array.of(7));
      await fixture.settle();
      expect([a.length, b.length, c.length]).toEqual([0, 1, 1]);
    });

    test('nobody hears itself', async () => {
      const received = listen(fixture.a);
      fixture.a.send('a', Uint8Array.of(1));
      await fixture.settle();
      expect(received).toEqual([]);
      expect(fixture.a.peers()).toEqual(expect.arrayContaining(['b', 'c']));
      expect(fixture.a.peers()).not.toContain('a');
    });

    test('a message to nobody is dropped, not thrown', async () => {
      const received = listen(fixture.b);
      expect(() => fixture.a.send('nobody', Uint8Array.of(1))).not.toThrow();
      fixture.a.send('b', Uint8Array.of(2));
      await fixture.settle();
      expect(received).toEqual([{ from: 'a', bytes: [2] }]);
    });

    test('the largest message arrives and a larger one is dropped', async () => {
      const sizes: number[] = [];
      fixture.b.onMessage((_from, bytes) => sizes.push(bytes.length));
      fixture.a.send('b', new Uint8Array(messageBytesMax));
      fixture.a.send('b', new Uint8Array(messageBytesMax + 1));
      fixture.a.send('b', new Uint8Array(0));
      await fixture.settle();
      expect(sizes).toEqual([messageBytesMax, 0]);
    });

    test('the sender may reuse its buffer', async () => {
      const received = listen(fixture.b);
      const bytes = Uint8Array.of(1);
      fixture.a.send('b', bytes);
      bytes[0] = 2;
      await fixture.settle();
      expect(received).toEqual([{ from: 'a', bytes: [1] }]);
    });

    test('a closed end neither sends nor receives, and closing twice is closing once', async () => {
      const [a, b] = [listen(fixture.a), listen(fixture.b)];
      await fixture.b.close();
      await fixture.b.close();
      fixture.a.send('b', Uint8Array.of(1));
      expect(() => fixture.b.send('a', Uint8Array.of(2))).not.toThrow();
      await fixture.settle();
      expect([a, b]).toEqual([[], []]);
      expect(fixture.a.peers()).not.toContain('b');
    });
  });
}
