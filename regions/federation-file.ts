/**
 * How a federation was laid out: `federation.json` in the folder of `quorate init-federation`,
 * without secrets. Server configurations can be made from it again.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { natsServerConfig } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { FaultModel } from '#protocols/messages/epoch.ts';
import { messageBytesMax } from '#protocols/messages/index.ts';

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Host = Type.String({ minLength: 1, maxLength: 255 });

const RegionPlace = Type.Object({
  id: Name,
  host: Host,
  /** Of its gateway. */
  port: Port,
  /** Where it listens for other regions over libp2p. */
  peerPort: Port,
  /** The public key of its NATS user. */
  nkey: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
});
export type RegionPlace = Static<typeof RegionPlace>;

const FederationFile = Type.Object({
  federation: Name,
  faultModel: FaultModel,
  fabric: Type.Union([Type.Literal('nats'), Type.Literal('libp2p')]),
  regions: Type.Array(RegionPlace, { minItems: 1, maxItems: 64 }),
  servers: Type.Array(
    Type.Object({
      name: Name,
      host: Host,
      port: Port,
      clusterPort: Port,
      monitorPort: Port,
    }),
    { maxItems: 64 },
  ),
});
export type FederationFile = Static<typeof FederationFile>;

export const federationFileName = 'federation.json';
export const routesFileName = join('nats', 'routes');
/** Headers and subjects around a message. */
const frameBytesMax = 4096;

export async function readFederationFile(folder: string): Promise<FederationFile> {
  const path = join(folder, federationFileName);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `there is no ${federationFileName} in ${folder}; see quorate init-federation`;
    throw new QuorateError('config', message, { cause, field: path });
  });
  const value = parsed(text);
  if (Value.Check(FederationFile, value)) return value;
  throw new QuorateError('config', `${path} is not the layout of a federation`, { field: path });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // which is no layout either
  }
}

/** The configuration of every NATS server, by its name. */
export async function natsConfigs(
  folder: string,
  { federation, regions, servers }: FederationFile,
): Promise<ReadonlyMap<string, string>> {
  const routePassword = (await readFile(join(folder, routesFileName), 'utf8')).trim();
  const members = regions.flatMap(({ id, nkey }) => (nkey === undefined ? [] : [{ id, nkey }]));
  return new Map(
    servers.map((server) => {
      const storeDir = resolve(folder, 'nats', server.name);
      const options = {
        federation,
        cluster: federation,
        servers,
        groups: [{ name: federation, regions: members }],
        storeDir,
        tls: null,
        routePassword,
        payloadBytesMax: messageBytesMax + frameBytesMax,
      };
      return [server.name, natsServerConfig(options, server)] as const;
    }),
  );
}
