/**
 * How an embedded federation is founded: approvers, signed playbooks, genesis, trust root.
 *
 * Made once for a data folder and read back ever after. A folder belongs to the series it was
 * begun with: others would feed targets that its policy does not know.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { shippedPlaybooks } from '#agents/negotiator/playbooks.ts';
import { type OpenedPorts, openSigner, writeDurably } from '#fabric/open.ts';
import { required } from '#protocols/assert.ts';
import { digestOf, fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { trustRootBytes, trustRootOf } from '#protocols/epochs/trust.ts';
import { QuorateError } from '#protocols/errors.ts';
import { Digest } from '#protocols/messages/common.ts';
import { Envelope } from '#protocols/messages/envelope.ts';
import { Epoch, Policy, Roster } from '#protocols/messages/epoch.ts';
import type { Config } from './config.ts';
import type { Dataset } from './dataset.ts';
import { type FoundingApprover, makeGenesis, signPlaybooks } from './genesis.ts';
import { trustRootPath } from './offline.ts';

/** Genesis as it was made, with the identity of what is replayed: `genesis.json`. */
const Founding = Type.Object({
  dataset: Digest,
  genesis: Type.Object({ policy: Policy, roster: Roster, epoch: Epoch, epochEnvelope: Envelope }),
  playbooks: Type.Array(Envelope),
});
export type Founding = Static<typeof Founding>;

export interface FoundOptions {
  readonly config: Pick<Config, 'federation' | 'faultModel'>;
  readonly dataset: Dataset;
  /** Of every region; their keys exist by now. */
  readonly ports: readonly OpenedPorts[];
  readonly folder: string;
}

/** Reads genesis back, or makes it. */
export async function found(options: FoundOptions): Promise<Founding> {
  const { dataset, folder } = options;
  const file = join(folder, 'genesis.json');
  const known = await readFile(file).catch(() => null);
  if (!known) return make(options, file);
  const founding = parse(known, file);
  if (founding.dataset === identityOf(dataset)) return founding;
  throw new QuorateError(
    'config',
    'this data folder was begun with other series; use --fresh or another --data-dir',
    { field: 'data' },
  );
}

async function make(options: FoundOptions, file: string): Promise<Founding> {
  const { config, dataset, ports, folder } = options;
  const people = join(folder, 'approvers');
  await mkdir(people, { recursive: true, mode: 0o700 });
  const alice = await openSigner(join(people, 'alice.pem'), { create: true });
  const bob = await openSigner(join(people, 'bob.pem'), { create: true });
  const tenants = dataset.tenants.map(({ id }) => id);
  const approvers: readonly FoundingApprover[] = [
    { id: 'alice', publicKey: alice.publicKey, roles: ['approver', 'org-admin'], tenants },
    { id: 'bob', publicKey: bob.publicKey, roles: ['approver'], tenants },
  ];
  const { verifier, clock, random } = required(ports[0], 'a federation has regions');
  const playbooks = signPlaybooks(shippedPlaybooks, { id: 'alice', key: alice });
  const genesis = makeGenesis({
    federation: config.federation,
    faultModel: config.faultModel,
    founders: ports.map(({ transport, ...keys }) => ({ id: transport.self, ...keys })),
    approvers,
    tenants: tenantsOf(dataset),
    playbooks,
    verifier,
    random,
    now: clock.now(),
  });
  const founding: Founding = { dataset: identityOf(dataset), genesis, playbooks: [...playbooks] };
  await writeDurably(trustRootPath(folder), trustRootBytes(trustRootOf(genesis.epoch)));
  await writeDurably(file, canonicalBytes(founding));
  return founding;
}

function tenantsOf(dataset: Dataset) {
  return dataset.tenants.map(({ id, services }) => ({
    id,
    targets: services.map(({ service, home }) => ({ target: `${id}/${service}`, home })),
  }));
}

/** What a data folder belongs to: the same series for the same services. Paths may differ. */
function identityOf(dataset: Dataset): string {
  const tenants = dataset.tenants.map(({ id, services }) => ({
    id,
    services: services.map(({ service, home, series }) => ({
      service,
      home,
      series: series.map(({ file: _file, ...one }) => one),
    })),
  }));
  return digestOf(canonicalBytes({ name: dataset.name, tenants }));
}

function parse(bytes: Uint8Array, file: string): Founding {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new QuorateError('store-corrupt', `${file} is damaged; use another --data-dir`, {
      cause,
      field: file,
    });
  }
  if (Value.Check(Founding, value)) return value;
  throw new QuorateError(
    'config',
    'this data folder was begun with another version of quorate; use --fresh or another --data-dir',
    { field: file },
  );
}
