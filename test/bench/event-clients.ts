/**
 * Many clients of `GET /events` in a thread of their own, so that what they do with what they
 * read is not measured as work of the gateway.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerTo } from '#test/support/sse.ts';

export type Order =
  | { readonly type: 'connect'; readonly url: string; readonly tokens: readonly string[] }
  /** Answered when every client has seen this entry. */
  | { readonly type: 'report'; readonly last: number }
  | { readonly type: 'disconnect' };

/** By client: the sequence numbers it was sent, in that order. */
export type Report = readonly (readonly number[])[];

interface Client {
  readonly response: IncomingMessage;
  readonly seqs: number[];
  rest: string;
}

const entryId = /^id: (\d+)\nevent: entry\n/;

async function connect(url: string, token: string): Promise<Client> {
  const response = await answerTo(url, { authorization: `Bearer ${token}` });
  if (response.statusCode !== 200) throw new Error(`no stream: ${response.statusCode}`);
  const client: Client = { response, seqs: [], rest: '' };
  response.setEncoding('utf8').on('data', (text: string) => read(client, text));
  return client;
}

function read(client: Client, text: string): void {
  const blocks = (client.rest + text).split('\n\n');
  client.rest = blocks.pop() ?? '';
  for (const block of blocks) {
    const seq = entryId.exec(block)?.[1];
    if (seq !== undefined) client.seqs.push(Number(seq));
  }
}

async function reportOf(clients: readonly Client[], last: number): Promise<Report> {
  for (const { response, seqs } of clients) {
    while ((seqs.at(-1) ?? -1) < last && !response.closed) await once(response, 'data');
  }
  return clients.map(({ seqs }) => seqs);
}

function serve(port: MessagePort): void {
  let clients: readonly Client[] = [];
  port.on('message', async (order: Order) => {
    if (order.type === 'connect') {
      clients = await Promise.all(order.tokens.map((token) => connect(order.url, token)));
      port.postMessage(clients.length);
    } else if (order.type === 'report') {
      port.postMessage(await reportOf(clients, order.last));
    } else {
      for (const { response } of clients) response.destroy();
      clients = [];
      port.postMessage(0);
    }
  });
}

if (parentPort) serve(parentPort);
