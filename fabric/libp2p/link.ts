/**
 * A link: messages to one peer over one long-lived stream, in order, within a bound.
 *
 * The stream is opened with the first message and again after it broke; what was under way then
 * is lost, as on any transport. A peer that does not read fills its own link and nobody else's.
 * A frame begins with a byte of its own, because the framing knows no empty message.
 */
import { messageBytesMax } from '#protocols/messages/index.ts';
import { framed, type Node, type PeerId, type Stream } from './node.ts';

export const directProtocol = '/quorate/direct/1';
/** Four of the largest messages. */
const waitingBytesMax = 4 * messageBytesMax;
const openMs = 5000;
/** A peer that reads nothing for so long has lost its stream. */
const writeMs = 30_000;

export class Link {
  readonly #node: Node;
  readonly #peer: PeerId;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #stream: Stream | null = null;
  readonly #onLost: (count: number) => void;

  constructor(node: Node, peer: PeerId, onLost: (count: number) => void) {
    this.#node = node;
    this.#peer = peer;
    this.#onLost = onLost;
  }

  /** False when the link is full and the message was dropped. */
  send(bytes: Uint8Array): boolean {
    if (this.#waitingBytes + bytes.length > waitingBytesMax) return false;
    const frame = new Uint8Array(bytes.length + 1);
    frame.set(bytes, 1);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (!this.#isWriting) void this.#write();
    return true;
  }

  close(): void {
    this.#drop();
    this.#stream?.abort(new Error('closing'));
    this.#stream = null;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      this.#stream ??= await this.#open();
      const frames = framed(this.#stream);
      for (let frame = this.#waiting[0]; frame; frame = this.#waiting[0]) {
        await frames.write(frame, { signal: AbortSignal.timeout(writeMs) });
        this.#waiting.shift();
        this.#waitingBytes -= frame.length;
      }
    } catch (error) {
      this.#drop();
      this.#stream?.abort(error instanceof Error ? error : new Error(String(error)));
      this.#stream = null;
    } finally {
      this.#isWriting = false;
    }
  }

  #open(): Promise<Stream> {
    return this.#node.dialProtocol(this.#peer, directProtocol, {
      signal: AbortSignal.timeout(openMs),
    });
  }

  #drop(): void {
    if (this.#waiting.length > 0) this.#onLost(this.#waiting.length);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }
}

/** Reads whole messages until the stream ends; the returned promise never rejects. */
export async function readLink(stream: Stream, hear: (bytes: Uint8Array) => void): Promise<void> {
  const frames = framed(stream);
  try {
    for (;;) hear((await frames.read()).subarray(1));
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
  }
}
