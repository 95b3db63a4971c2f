/**
 * The configuration of the NATS servers of a federation: who may say and hear what.
 *
 * Each tenant group is an account of its own: other groups share the servers and nothing else.
 * Within it a region logs in with its nkey, publishes on its own subjects only, and hears what
 * everybody says and what is sent to it. The stream that keeps documents can be made and read,
 * but neither emptied nor deleted, with a region's credentials.
 */
import {
  broadcastKinds,
  broadcastSubject,
  directSubject,
  documentStream,
  ownSubjects,
} from '#protocols/subjects.ts';

export interface NatsServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly clusterPort: number;
  readonly monitorPort: number;
}

export interface NatsServerOptions {
  readonly federation: string;
  readonly cluster: string;
  readonly servers: readonly NatsServer[];
  /** Tenant groups with the public nkeys of their regions. */
  readonly groups: readonly {
    readonly name: string;
    readonly regions: readonly { readonly id: string; readonly nkey: string }[];
  }[];
  readonly storeDir: string;
  /** Paths as the server sees them; null: no TLS, for a loopback or a network of its own. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | null;
  /** Where the servers reach each other, with the password of the routes. */
  readonly routePassword: string;
  readonly payloadBytesMax: number;
}

/** The configuration file of one of the servers. */
export function natsServerConfig(options: NatsServerOptions, server: NatsServer): string {
  const { cluster, servers, groups, storeDir, tls, routePassword, payloadBytesMax } = options;
  const others = servers.filter(({ name }) => name !== server.name);
  const routes = others.map(
    ({ host, clusterPort }) => `    nats-route://routes:${routePassword}@${host}:${clusterPort}`,
  );
  const tlsBlock = tls
    ? [
        'tls {',
        `  cert_file: ${text(tls.cert)}`,
        `  key_file: ${text(tls.key)}`,
        `  ca_file: ${text(tls.ca)}`,
        '}',
      ]
    : [];
  const clusterBlock =
    others.length > 0
      ? [
          'cluster {',
          `  name: ${text(cluster)}`,
          `  listen: ${text(`${server.host}:${server.clusterPort}`)}`,
          `  authorization { user: routes, password: ${text(routePassword)} }`,
          '  routes: [',
          ...routes,
          '  ]',
          '}',
        ]
      : [];
  return [
    '# Made by: quorate fabric nats-config',
    `server_name: ${text(server.name)}`,
    `listen: ${text(`${server.host}:${server.port}`)}`,
    `http: ${text(`${server.host}:${server.monitorPort}`)}`,
    `max_payload: ${payloadBytesMax}`,
    `max_pending: ${payloadBytesMax * 8}`,
    'jetstream {',
    `  store_dir: ${text(storeDir)}`,
    '}',
    ...tlsBlock,
    ...clusterBlock,
    'accounts {',
    ...groups.flatMap((group) => accountOf(options, group)),
    '}',
    '',
  ].join('\n');
}

function accountOf(
  { federation }: NatsServerOptions,
  group: NatsServerOptions['groups'][number],
): readonly string[] {
  return [
    `  ${text(group.name)}: {`,
    '    jetstream: enabled',
    '    users: [',
    ...group.regions.flatMap(({ id, nkey }) => [
      '      {',
      `        nkey: ${nkey}`,
      '        permissions: {',
      `          publish: { allow: ${list(mayPublish(federation, id))} }`,
      `          subscribe: { allow: ${list(maySubscribe(federation, id))} }`,
      '        }',
      '      }',
    ]),
    '    ]',
    '  }',
  ];
}

function mayPublish(federation: string, region: string): readonly string[] {
  const stream = documentStream(federation);
  return [
    ownSubjects(federation, region),
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
}

function maySubscribe(federation: string, region: string): readonly string[] {
  return [
    ...broadcastKinds.map((kind) => broadcastSubject(federation, '*', kind)),
    directSubject(federation, '*', region),
    `_INBOX_${region}.>`,
  ];
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(text).join(', ')}]`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
