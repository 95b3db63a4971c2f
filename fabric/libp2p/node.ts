/**
 * The libp2p node, made here and nowhere else: TCP, noise, yamux, identify, and gossipsub with
 * strict signing among the members of a list.
 *
 * A connection from anybody else is refused as soon as it has said who it is. Every message is
 * signed by its author, so a member that relays for another cannot speak for it.
 */

import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys';
import {
  type GossipSub,
  gossipsub,
  StrictSign,
  type TopicValidatorFn,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { fromHex } from '#protocols/bytes.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';

export {
  type Connection,
  multiaddr,
  type PeerId,
  type Stream,
  type TopicValidatorFn,
  TopicValidatorResult,
};
export type Node = Libp2p<{ pubsub: GossipSub; identify: ReturnType<ReturnType<typeof identify>> }>;

export interface NodeOptions {
  /** Raw Ed25519 seed and public key, 64 bytes. */
  readonly privateKey: Uint8Array;
  /** `/ip4/0.0.0.0/tcp/4001` */
  readonly listen: readonly string[];
  /** How others reach us, where that differs from where we listen. */
  readonly announce?: readonly string[];
  isMember(peer: PeerId): boolean;
}

/** Gossip streams have no flow control: what is larger goes over links, which do. */
export const gossipBytesMax = 512 * 1024;
/** An envelope's signature, key, topic and sequence number around the message itself. */
const envelopeBytesMax = 4096;
const outboundBytesMax = 16 * 1024 * 1024;
const connectionsMax = 256;

export async function openNode(options: NodeOptions): Promise<Node> {
  const { privateKey, listen, announce, isMember } = options;
  const denies = (peer: PeerId) => !isMember(peer);
  return createLibp2p({
    privateKey: privateKeyFromRaw(privateKey),
    addresses: { listen: [...listen], ...(announce && { announce: [...announce] }) },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: connectionsMax, reconnectRetries: 0 },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: denies,
      denyInboundEncryptedConnection: denies,
      denyOutboundEncryptedConnection: denies,
    },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: StrictSign,
        emitSelf: false,
        floodPublish: true,
        fallbackToFloodsub: false,
        canRelayMessage: true,
        maxInboundDataLength: gossipBytesMax + envelopeBytesMax,
        maxOutboundBufferSize: outboundBytesMax,
      }),
    },
  });
}

/** The peer id that belongs to an Ed25519 public key in hex. */
export function peerOf(publicKey: string): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(fromHex(publicKey)));
}

/** A stream that carries whole messages, each at most the largest one. */
export function framed(stream: Stream): LengthPrefixedStream<Stream> {
  stream.maxReadBufferLength = 2 * messageBytesMax;
  return lpStream(stream, {
    maxDataLength: messageBytesMax + 1,
    maxBufferSize: 2 * messageBytesMax,
  });
}
