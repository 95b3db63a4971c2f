/**
 * A federation whose gateway's region holds thousands of decisions of one tenant: founded and
 * started by production code, with decisions written between two starts (decision-records.ts).
 *
 * The other regions hold the certificates alone, as after catching up: enough to agree on what
 * comes next. All those decisions are over; new proposals are decided as ever.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '#fabric/host/ledger.ts';
import {
  createMetrics,
  openKeystore,
  openLevelStore,
  regionKeys,
  systemClock,
} from '#fabric/open.ts';
import type { Signer, Store } from '#fabric/ports.ts';
import type { Founding } from '#regions/founding.ts';
import { type Era, inTurns, type Turned } from './decision-records.ts';
import { type Demo, startDemo } from './federation.ts';

export const manyTenant = 'acme';
const regions = ['eu-west', 'us-east', 'ap-south'] as const;
/** Proposes and executes everything, and serves the gateway. */
const home = regions[0];
const targetsMax = 250;
/** The newest of the decisions lies so far back. */
const agoMs = 60_000;

/** Exactly so many decisions in the list of the tenant, newest a minute old. */
export async function startManyDecisions(
  count: number,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<Demo> {
  const parent = mkdtempSync(join(tmpdir(), 'quorate-series-'));
  // A data folder remembers the name of its recording.
  const datasetDir = writeRecording(join(parent, 'many'));
  const dataDir = mkdtempSync(join(tmpdir(), 'quorate-many-'));
  const options = { dataDir, datasetDir };
  try {
    const founded = await startDemo({ regions, ...flags }, options);
    await founded.stop();
    await writeDecisions(dataDir, founded.config.federation, count);
    return await startDemo({ regions, ...flags }, options);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** Many services, and nothing that would be worth a signal. */
function writeRecording(folder: string): string {
  mkdirSync(folder);
  const rows = [0, 1, 2, 3].map((minute) => `2026-01-05 00:0${minute}:00,10`);
  writeFileSync(join(folder, 'quiet.csv'), `${['timestamp,value', ...rows].join('\n')}\n`);
  const shiftTo = '2026-01-05T00:00:00.000Z';
  const one = { region: home, metric: 'load', kind: 'saturation', file: 'quiet.csv', shiftTo };
  const services = Array.from({ length: targetsMax }, (_, index) => ({
    service: `service-${index}`,
    home,
    series: [one],
  }));
  const tenants = [
    { id: manyTenant, services },
    { id: 'globex', services: services.slice(0, 1) },
  ];
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ name: 'many', tenants }));
  return folder;
}

async function writeDecisions(dataDir: string, federation: string, count: number): Promise<void> {
  const founding = JSON.parse(readFileSync(join(dataDir, 'genesis.json'), 'utf8')) as Founding;
  const signers = new Map<string, Signer>();
  for (const region of regions) {
    const keys = await openKeystore(join(dataDir, 'regions', region, 'keys'), regionKeys, {
      create: false,
    });
    signers.set(region, keys.signer);
  }
  const era: Era = {
    federation,
    tenant: manyTenant,
    home,
    signers,
    policy: founding.genesis.policy,
    roster: founding.genesis.roster,
    targets: Array.from({ length: targetsMax }, (_, index) => `${manyTenant}/service-${index}`),
    endsAt: systemClock.now() - agoMs,
  };
  const turns = await Array.fromAsync(inTurns(era, count));
  for (const region of regions) await writeTurns(dataDir, { federation, region }, turns);
  // The receipts of old decisions were handed out and moved away: their names are left.
  for (const { ended } of turns) {
    for (const id of ended) writeFileSync(join(dataDir, 'receipts', `${id}.json`), '');
  }
}

async function writeTurns(
  dataDir: string,
  identity: { readonly federation: string; readonly region: string },
  turns: readonly Turned[],
): Promise<void> {
  const { region } = identity;
  const store = await openLevelStore({
    folder: join(dataDir, 'regions', region, 'store'),
    identity,
  });
  const time = { now: 0 };
  const ledger = await ledgerAt(store, region, time);
  for (const { at, decided, drafts, ops } of turns) {
    time.now = at;
    const isHome = region === home;
    await ledger.commit(isHome ? drafts : [], isHome ? [...decided, ...ops] : decided);
  }
  await store.close();
}

/** A ledger whose entries are as old as the turn says. */
function ledgerAt(store: Store, region: string, time: { readonly now: number }): Promise<Ledger> {
  return Ledger.open({
    region,
    store,
    clock: { ...systemClock, now: () => time.now },
    metrics: createMetrics(),
    fatal: (error) => {
      throw error;
    },
  });
}
