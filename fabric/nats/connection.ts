/**
 * The NATS client, wrapped here and nowhere else: connect, subscribe, publish, and the stream
 * that keeps documents.
 *
 * It connects for as long as it takes and reconnects for ever, with jitter: a region starts
 * before its servers do, and outlives them.
 */
import { readFile } from 'node:fs/promises';
import {
  type ConsumerMessages,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { utf8 } from '#protocols/bytes.ts';

export type { NatsConnection };

export interface NatsAccess {
  /** `nats://host:4222` or `tls://host:4222`, several of one cluster. */
  readonly servers: readonly string[];
  /** A file with the user's nkey seed. */
  readonly nkeySeedFile?: string;
  readonly tls?: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
  };
}

const reconnectMs = 250;
const reconnectJitterMs = 250;
const pingMs = 5000;
const pingsLostMax = 2;

export async function connectNats(
  access: NatsAccess,
  who: { readonly name: string; readonly inboxPrefix: string },
): Promise<NatsConnection> {
  const seed = access.nkeySeedFile ? (await readFile(access.nkeySeedFile, 'utf8')).trim() : null;
  return connect({
    servers: [...access.servers],
    name: who.name,
    inboxPrefix: who.inboxPrefix,
    noEcho: true,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    reconnectJitter: reconnectJitterMs,
    reconnectJitterTLS: reconnectJitterMs,
    pingInterval: pingMs,
    maxPingOut: pingsLostMax,
    ...(seed !== null && { authenticator: nkeyAuthenticator(utf8(seed)) }),
    ...(access.tls && { tls: access.tls }),
  });
}

export interface StreamBounds {
  readonly bytesMax: number;
  readonly ageMaxMs: number;
  readonly replicas: number;
}

/** Makes the stream unless it is there; whoever comes first decides its bounds. */
export async function ensureStream(
  nc: NatsConnection,
  stream: { readonly name: string; readonly subject: string },
  bounds: StreamBounds,
): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  try {
    await manager.streams.info(stream.name);
  } catch {
    await manager.streams.add({
      name: stream.name,
      subjects: [stream.subject],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      storage: StorageType.File,
      max_bytes: bounds.bytesMax,
      max_age: bounds.ageMaxMs * 1e6,
      num_replicas: bounds.replicas,
    });
  }
}

/** Every message of the stream stored since then, up to the newest one there is now. */
export async function* replayStream(
  nc: NatsConnection,
  name: string,
  since: Date,
): AsyncGenerator<{ readonly subject: string; readonly bytes: Uint8Array }> {
  const consumer = await jetstream(nc).consumers.get(name, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  });
  const { num_pending: waiting } = await consumer.info();
  if (waiting === 0) return;
  const messages: ConsumerMessages = await consumer.consume();
  let left = waiting;
  try {
    for await (const message of messages) {
      yield { subject: message.subject, bytes: message.data };
      left -= 1;
      if (left === 0) return;
    }
  } finally {
    await messages.close();
  }
}
