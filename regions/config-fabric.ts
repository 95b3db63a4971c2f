/**
 * Configuration of one region as a process: who it is, what founded its federation, and the
 * fabric that it reaches the other regions by.
 */
import Type from 'typebox';
import { Name } from '#protocols/messages/common.ts';

const closed = { additionalProperties: false } as const;

/** A file or folder: relative to the configuration file that names it. */
function path(description: string) {
  return Type.Optional(Type.String({ minLength: 1, path: true, expected: 'a path', description }));
}

function texts(more: Readonly<Record<string, unknown>>) {
  return Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
    default: [],
    maxItems: 64,
    ...more,
  });
}

const Nats = Type.Object(
  {
    servers: texts({
      variables: ['NATS_URL'],
      expected: 'a list of URLs such as nats://host:4222 or tls://host:4222',
      description: 'NATS servers of one cluster to reach the other regions by.',
    }),
    nkeySeedFile: path("The nkey seed of this region's NATS user."),
    caFile: path('The certificates that may sign those of the NATS servers.'),
    certFile: path('The certificate that this region shows to NATS servers.'),
    keyFile: path('The key of that certificate.'),
    historyBytesMax: Type.Integer({
      default: 67_108_864,
      minimum: 1_048_576,
      maximum: 1_099_511_627_776,
      description: 'Bytes of documents kept for regions that are away: some 30,000 of them.',
    }),
    historySeconds: Type.Integer({
      default: 86_400,
      minimum: 60,
      maximum: 31_536_000,
      description: 'How long documents are kept: a day; after that regions ask each other.',
    }),
    historyReplicas: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 5,
      description: 'NATS servers that keep a copy of them; 3 for a cluster of three.',
    }),
  },
  closed,
);

const Libp2p = Type.Object(
  {
    listen: texts({
      expected: 'a list of multiaddrs such as /ip4/0.0.0.0/tcp/4001',
      description: 'Where this region listens for the others.',
    }),
    announce: texts({
      expected: 'a list of multiaddrs such as /dns4/eu-west/tcp/4001',
      description: 'How others reach it, where that differs from where it listens.',
    }),
    peers: texts({
      expected: 'a list of <region>=<multiaddr>, such as eu-west=/dns4/eu-west/tcp/4001',
      description: 'Where to find the other regions. Who they are, the epoch says by their keys.',
    }),
  },
  closed,
);

export const fabricFields = {
  region: Type.Optional(
    Type.String({
      ...Name,
      expected: 'a name: lower-case letters, digits and hyphens',
      description: 'The region that quorate region runs; a member of the epoch.',
    }),
  ),
  genesis: path('What founded the federation: epoch, policy, roster and signed playbooks.'),
  mockCluster: path(
    'The folder of the mock cluster, by default in the data folder. Regions may share one.',
  ),
  telemetry: Type.Object({ replay: path('A folder of recorded series to replay.') }, closed),
  fabric: Type.Object(
    {
      kind: Type.Union([Type.Literal('memory'), Type.Literal('nats'), Type.Literal('libp2p')], {
        default: 'memory',
        description: 'How regions reach each other; memory is for regions of one process.',
      }),
      nats: Nats,
      libp2p: Libp2p,
    },
    closed,
  ),
} as const;
