/** What every transport promises. Each adapter runs this suite; none has its own copy. */
import { describe, expect, test } from 'vitest';
import type { Transport } from '#fabric/ports.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';
import type { ServerTest } from '#test/support/require.ts';

export interface TransportFixture {
  /** Connected to each other as `a`, `b` and `c`. */
  readonly a: Transport;
  readonly b: Transport;
  readonly c: Transport;
  /** Waits until everything under way has arrived. */
  settle(): Promise<void>;
}

function listen(end: Transport): { from: string; bytes: number[] }[] {
  const received: { from: string; bytes: number[] }[] = [];
  end.onMessage((from, bytes) => received.push({ from, bytes: [...bytes] }));
  return received;
}

type Check = (fixture: TransportFixture) => Promise<void>;

const promises: Readonly<Record<string, Check>> = {
  'delivers in the order sent, and says who sent it': async (fixture) => {
    const received = listen(fixture.b);
    for (const n of [1, 2, 3]) fixture.a.send('b', Uint8Array.of(n));
    await fixture.settle();
    expect(received).toEqual([1, 2, 3].map((n) => ({ from: 'a', bytes: [n] })));
  },

  'a broadcast reaches every other member and not its sender': async (fixture) => {
    const [a, b, c] = [listen(fixture.a), listen(fixture.b), listen(fixture.c)];
    fixture.a.broadcast(Uint8Array.of(7), 'votes');
    await fixture.settle();
    expect([a.length, b.length, c.length]).toEqual([0, 1, 1]);
  },

  'nobody hears itself': async (fixture) => {
    const received = listen(fixture.a);
    fixture.a.send('a', Uint8Array.of(1));
    await fixture.settle();
    expect(received).toEqual([]);
    expect(fixture.a.peers()).toEqual(expect.arrayContaining(['b', 'c']));
    expect(fixture.a.peers()).not.toContain('a');
  },

  'a message to nobody is dropped, not thrown': async (fixture) => {
    const received = listen(fixture.b);
    expect(() => fixture.a.send('nobody', Uint8Array.of(1))).not.toThrow();
    fixture.a.send('b', Uint8Array.of(2));
    await fixture.settle();
    expect(received).toEqual([{ from: 'a', bytes: [2] }]);
  },

  'the largest message arrives and a larger one is dropped': async (fixture) => {
    const sizes: number[] = [];
    fixture.b.onMessage((_from, bytes) => sizes.push(bytes.length));
    fixture.a.send('b', new Uint8Array(messageBytesMax));
    fixture.a.send('b', new Uint8Array(messageBytesMax + 1));
    fixture.a.send('b', new Uint8Array(0));
    await fixture.settle();
    expect(sizes).toEqual([messageBytesMax, 0]);
  },

  'the sender may reuse its buffer': async (fixture) => {
    const received = listen(fixture.b);
    const bytes = Uint8Array.of(1);
    fixture.a.send('b', bytes);
    bytes[0] = 2;
    await fixture.settle();
    expect(received).toEqual([{ from: 'a', bytes: [1] }]);
  },
};

/** `run` skips each promise by name where it needs a server that is not there. */
export function transportContract(
  name: string,
  open: () => Promise<TransportFixture>,
  run: ServerTest = test,
): void {
  describe(`${name} keeps the transport contract`, () => {
    for (const [title, check] of Object.entries(promises)) {
      run(title, async () => {
        const fixture = await open();
        try {
          await check(fixture);
        } finally {
          await Promise.all([fixture.a.close(), fixture.b.close(), fixture.c.close()]);
        }
      });
    }
  });
}
