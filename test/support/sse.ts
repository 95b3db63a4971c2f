/**
 * An event stream as a client reads it (WHATWG HTML, 9.2.6): whole blocks count, a block that was
 * cut off does not, and the last id survives the connection.
 */
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

export interface EntryEvent {
  readonly seq: number;
  readonly tenant_id: string;
}

export class EventReader {
  readonly events: ServerEvent[] = [];
  /** The data of the entries among them. */
  readonly entries: EntryEvent[] = [];
  readonly comments: string[] = [];
  /** What to resume after; null before the first id. */
  lastId: string | null;
  retryMs: number | null = null;
  #rest = '';
  #decoder = new TextDecoder();

  constructor(lastId: string | null = null) {
    this.lastId = lastId;
  }

  get seqs(): readonly number[] {
    return this.entries.map(({ seq }) => seq);
  }

  read(bytes: Uint8Array): void {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#readBlock(block);
  }

  /** The connection is gone, and what came of an unfinished block with it. */
  cut(): void {
    this.#rest = '';
    this.#decoder = new TextDecoder();
  }

  #readBlock(block: string): void {
    let type = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (field === '') this.comments.push(value);
      else if (field === 'event') type = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') this.lastId = value;
      else if (field === 'retry') this.retryMs = Number(value);
      else throw new Error(`not a field of an event: ${line}`);
    }
    if (data.length === 0) return;
    const text = data.join('\n');
    this.events.push({ type, data: text });
    if (type === 'entry') this.entries.push(JSON.parse(text) as EntryEvent);
  }
}

export interface Connection {
  /** When the stream is over: ended in order, or broken off. */
  readonly ended: Promise<'ended' | 'broken'>;
  close(): void;
}

/** Reads a stream over a socket of its own; rejects when the answer is no stream. */
export async function connectEvents(
  url: string,
  { headers, reader }: { readonly headers: OutgoingHttpHeaders; readonly reader: EventReader },
): Promise<Connection> {
  const response = await answerTo(url, {
    ...headers,
    accept: 'text/event-stream',
    ...(reader.lastId !== null && { 'last-event-id': reader.lastId }),
  });
  if (response.headers['content-type'] !== 'text/event-stream') {
    throw new Error(`${response.statusCode}: ${await text(response)}`);
  }
  response.on('data', (bytes: Uint8Array) => reader.read(bytes));
  const ended = new Promise<'ended' | 'broken'>((resolve) => {
    // `close` follows; without a listener a stream that breaks off would be an uncaught error.
    response.once('error', () => {});
    response.once('close', () => {
      reader.cut();
      resolve(response.complete ? 'ended' : 'broken');
    });
  });
  return { ended, close: () => response.destroy() };
}

/** Resolves with the head of the answer; a pool would keep sockets open that a drain waits for. */
export function answerTo(url: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, headers }, resolve).once('error', reject).end();
  });
}
