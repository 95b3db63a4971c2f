/**
 * How a federation is founded: approvers, signed playbooks, genesis, trust root.
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
import { digestOf, equalBytes, fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Verifier } from '#protocols/crypto.ts';
import { openDocument } from '#protocols/dsse.ts';
import { trustRootBytes, trustRootOf } from '#protocols/epochs/trust.ts';
import { QuorateError } from '#protocols/errors.ts';
import { Digest } from '#protocols/messages/common.ts';
import { Envelope } from '#protocols/messages/envelope.ts';
import { Epoch, Policy, Roster } from '#protocols/messages/epoch.ts';
import type { Config } from './config.ts';
import type { Dataset } from './dataset.ts';
import {
  type FoundingApprover,
  type GenesisOptions,
  makeGenesis,
  signPlaybooks,
} from './genesis.ts';
import { trustRootPath } from './offline.ts';

/** Genesis as it was made: `genesis.json`. */
const FoundingDocuments = Type.Object({
  genesis: Type.Object({ policy: Policy, roster: Roster, epoch: Epoch, epochEnvelope: Envelope }),
  playbooks: Type.Array(Envelope),
});
export type FoundingDocuments = Static<typeof FoundingDocuments>;

/** With the identity of what an embedded federation replays. */
const Founding = Type.Object({ dataset: Digest, ...FoundingDocuments.properties });
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

async function make({ config, dataset, ports, folder }: FoundOptions, file: string) {
  const { verifier, clock, random } = required(ports[0], 'a federation has regions');
  const made = await makeFounding({
    federation: config.federation,
    faultModel: config.faultModel,
    founders: ports.map(({ transport, ...keys }) => ({ id: transport.self, ...keys })),
    tenants: tenantsOf(dataset),
    folder,
    verifier,
    random,
    now: clock.now(),
  });
  const founding: Founding = { dataset: identityOf(dataset), ...made };
  await writeDurably(file, canonicalBytes(founding));
  return founding;
}

export interface MakeFoundingOptions extends Omit<GenesisOptions, 'approvers' | 'playbooks'> {
  /** Gets the approvers' keys and the trust root. */
  readonly folder: string;
}

/** Makes the approvers, has one of them sign the playbooks, and writes the trust root. */
export async function makeFounding(options: MakeFoundingOptions): Promise<FoundingDocuments> {
  const { folder } = options;
  const people = join(folder, 'approvers');
  await mkdir(people, { recursive: true, mode: 0o700 });
  const alice = await openSigner(join(people, 'alice.pem'), { create: true });
  const bob = await openSigner(join(people, 'bob.pem'), { create: true });
  const tenants = options.tenants.map(({ id }) => id);
  const approvers: readonly FoundingApprover[] = [
    { id: 'alice', publicKey: alice.publicKey, roles: ['approver', 'org-admin'], tenants },
    { id: 'bob', publicKey: bob.publicKey, roles: ['approver'], tenants },
  ];
  const playbooks = signPlaybooks(shippedPlaybooks, { id: 'alice', key: alice });
  const genesis = makeGenesis({ ...options, approvers, playbooks });
  await writeDurably(trustRootPath(folder), trustRootBytes(trustRootOf(genesis.epoch)));
  return { genesis, playbooks: [...playbooks] };
}

/** Tenants with their targets, as a policy names them. */
export function tenantsOf(dataset: Dataset): GenesisOptions['tenants'] {
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
  const value = jsonOf(bytes, file, 'use another --data-dir');
  if (Value.Check(Founding, value)) return value;
  throw new QuorateError(
    'config',
    'this data folder was begun with another version of quorate; use --fresh or another --data-dir',
    { field: file },
  );
}

/** Reads what founded a federation, and checks that every member signed its epoch. */
export async function readFounding(file: string, verifier: Verifier): Promise<FoundingDocuments> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const message = `there is no genesis at ${file}; quorate init-federation makes one`;
    throw new QuorateError('config', message, { cause, field: file });
  });
  const value = jsonOf(bytes, file, 'copy it again');
  if (!Value.Check(FoundingDocuments, value)) {
    throw new QuorateError('config', `${file} is not a genesis of this version`, { field: file });
  }
  const { epoch, epochEnvelope } = value.genesis;
  const opened = openDocument(epochEnvelope, 'epoch', verifier);
  const isSigned =
    opened.ok &&
    equalBytes(opened.payload, canonicalBytes(epoch)) &&
    epoch.members.every(({ publicKey }) => opened.signers.includes(publicKey));
  if (isSigned) return value;
  const message = `the epoch in ${file} is not signed by all of its members`;
  throw new QuorateError('verification-failed', message, { field: file });
}

function jsonOf(bytes: Uint8Array, file: string, goOn: string): unknown {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new QuorateError('store-corrupt', `${file} is damaged; ${goOn}`, { cause, field: file });
  }
}
