/**
 * Regions with everything in them but a real disk and a real clock: memory adapters, the mock
 * cluster, real signatures. `eu` is everybody's home and executes; alone, it decides by itself.
 * A member that is not started is an end of the network by which a test speaks.
 */
import { shippedPlaybooks } from '#agents/negotiator/playbooks.ts';
import {
  type DriverOperation,
  type InjectedFault,
  memoryClusterFiles,
  mockDriver,
  seedTarget,
} from '#fabric/drivers/mock.ts';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { MemoryNetwork } from '#fabric/memory/transport.ts';
import type { Driver, Ports, Random, TelemetrySource } from '#fabric/ports.ts';
import type { Policy, Roster } from '#protocols/messages/epoch.ts';
import { readConfig } from '#regions/config.ts';
import {
  type FoundingApprover,
  makeGenesis,
  openPlaybooks,
  signPlaybooks,
} from '#regions/genesis.ts';
import { limitsOf } from '#regions/limits.ts';
import type { Caller, ProposalView, RegionNode } from '#regions/node.ts';
import { RegionCore } from '#regions/region.ts';
import { regionNode } from '#regions/region-node.ts';
import { Member } from './ballot-hosts.ts';
import { federation, logSignerOf, signerOf } from './federation-fixture.ts';
import { testSalt, testSigner } from './keys.ts';
import { ManualClock } from './manual-clock.ts';
import { noLog, noMetrics, settle } from './quiet.ts';

export const target = 'shop/web';
export const ann: Caller = { subject: 'ann', tenant: 'shop', roles: ['org-admin'] };
export const bob: Caller = { subject: 'bob', tenant: 'shop', roles: ['approver'] };
export const op: Caller = { subject: 'op', tenant: 'shop', roles: ['operator'] };
const home = 'eu';
const startAt = Date.UTC(2026, 0, 5, 12);

const verifier = nativeVerifier();
const mlDsa44Verifier = nativeMlDsa44Verifier();
const playbooks = signPlaybooks(shippedPlaybooks, { id: 'ann', key: testSigner('ann') });

const tenants = ['shop', 'bank'];

export function person(
  id: string,
  roles: FoundingApprover['roles'],
  served: readonly string[] = tenants,
): FoundingApprover {
  return { id, publicKey: testSigner(id).publicKey, roles, tenants: served };
}

const everybody = [person('ann', ['org-admin', 'approver']), person('bob', ['approver'])];

export function genesisOf(members: readonly string[], approvers = everybody) {
  return makeGenesis({
    federation,
    faultModel: 'crash',
    founders: members.map((id) => ({ id, signer: signerOf(id), logSigner: logSignerOf(id) })),
    approvers,
    tenants: tenants.map((id) => ({
      id,
      targets: ['web', 'db'].map((service) => ({ target: `${id}/${service}`, home })),
    })),
    playbooks,
    verifier,
    random: countingRandom(),
    now: startAt,
  });
}

const { config } = readConfig({ flags: {}, environment: {}, readText: () => undefined });

const noTelemetry: TelemetrySource = {
  async *open() {},
  close: async () => {},
};

/** A number never twice, for as long as there are bytes. */
function countingRandom(): Random {
  let count = 0;
  return {
    bytes: (length) => {
      count += 1;
      return new Uint8Array(length).fill(count);
    },
  };
}

export interface RegionWorldOptions {
  readonly members?: readonly string[];
  /** Ann and Bob for both tenants when left out; Ann signs the playbooks. */
  readonly approvers?: FoundingApprover[];
  /** What keeping a receipt waits for. */
  readonly beforeReceipt?: () => Promise<void>;
  /** What goes wrong when a region calls its driver. */
  readonly inject?: (self: string, operation: DriverOperation) => InjectedFault | null;
}

export class RegionWorld {
  readonly clock = new ManualClock(startAt);
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly failures: unknown[] = [];
  readonly receipts = new Map<string, Uint8Array>();
  readonly #options: RegionWorldOptions;
  readonly genesis: ReturnType<typeof genesisOf>;
  readonly #files = memoryClusterFiles();

  constructor(options: RegionWorldOptions = {}) {
    this.#options = options;
    this.genesis = genesisOf(options.members ?? [home], options.approvers);
  }

  join(member: string): Member {
    return new Member(this.network.connect(member));
  }

  /** Opens and starts a region on the store; on the same cluster each time. */
  async start(store = new MemoryStore(), self = home): Promise<Running> {
    for (const one of ['shop/web', 'shop/db', 'bank/web', 'bank/db']) await this.#seed(one);
    const life = { isOver: false };
    const driver = mortal(
      mockDriver(this.#files, {
        regions: [home, 'us'],
        inject: (operation) => this.#options.inject?.(self, operation) ?? null,
      }),
      life,
    );
    const core = await RegionCore.open({
      id: self,
      federation,
      mode: 'simulation',
      genesis: this.genesis,
      playbooks: openPlaybooks(playbooks, this.genesis.roster, verifier),
      ports: {
        ...this.#ports(self, store, driver),
        fatal: (error) => {
          if (!life.isOver) this.failures.push(error);
        },
      },
      limits: limitsOf(config),
      onReceipt: async (id, bytes) => {
        await this.#options.beforeReceipt?.();
        this.receipts.set(id, bytes);
      },
    });
    await core.start();
    const running = new Running({ world: this, core, store, life });
    await running.run();
    return running;
  }

  async #seed(name: string): Promise<void> {
    if ((await this.#files.list()).includes(`${name}.json`)) return;
    await seedTarget(this.#files, {
      target: name,
      replicas: 4,
      generation: 1,
      release: 3,
      keyVersion: 1,
      activeRegion: home,
      cpuMillis: 1000,
      memoryMib: 1024,
      stopGeneration: 0,
      healthy: true,
      fence: 0,
    });
  }

  #ports(self: string, store: MemoryStore, driver: Driver): Omit<Ports, 'fatal'> {
    return {
      clock: this.clock,
      random: countingRandom(),
      store,
      transport: this.network.connect(self),
      signer: signerOf(self),
      logSigner: logSignerOf(self),
      verifier,
      mlDsa44Verifier,
      telemetry: noTelemetry,
      driver,
      log: noLog,
      metrics: noMetrics,
    };
  }
}

interface Life {
  isOver: boolean;
}

/** A process that is dead reaches no cluster: its calls never return. */
function mortal(driver: Driver, life: Life): Driver {
  const never = new Promise<never>(() => {});
  const call = <T>(work: () => Promise<T>): Promise<T> => (life.isOver ? never : work());
  return {
    name: driver.name,
    observe: (of) => call(() => driver.observe(of)),
    dryRun: (of, action) => call(() => driver.dryRun(of, action)),
    apply: (enact) => call(() => driver.apply(enact)),
    verify: (of, action) => call(() => driver.verify(of, action)),
    restore: (enact, before) => call(() => driver.restore(enact, before)),
    probe: (of, id) => call(() => driver.probe(of, id)),
  };
}

interface RunningOptions {
  readonly world: RegionWorld;
  readonly core: RegionCore;
  readonly store: MemoryStore;
  readonly life: Life;
}

export class Running {
  readonly core: RegionCore;
  readonly node: RegionNode;
  readonly store: MemoryStore;
  readonly #world: RegionWorld;
  readonly #life: Life;

  constructor({ world, core, store, life }: RunningOptions) {
    this.#world = world;
    this.#life = life;
    this.core = core;
    this.node = regionNode(core);
    this.store = store;
  }

  /** Lets everything happen that needs no more than so much time. */
  async run(ms = 0): Promise<void> {
    for (let hop = 0; hop < 8; hop += 1) {
      this.#world.clock.advance(0);
      await settle();
    }
    if (ms === 0) return;
    this.#world.clock.advance(ms);
    await this.run();
  }

  /** A person asks for so many replicas; decided at once where the region is alone. */
  async propose(replicas = 6, of = target): Promise<ProposalView> {
    const asked = await this.node.submit(op, { target: of, action: { kind: 'scale', replicas } });
    await this.run();
    return this.view(asked.proposalId);
  }

  async view(proposalId: string): Promise<ProposalView> {
    const view = await this.node.proposal('shop', proposalId);
    if (!view) throw new Error('the proposal is known');
    return view;
  }

  async approve(proposalId: string, caller = ann, verdict: 'approve' | 'deny' = 'approve') {
    const approver = caller.subject;
    await this.node.approve(caller, { proposalId, verdict, reason: 'looked at it', approver });
    await this.run();
    return this.view(proposalId);
  }

  /** The steps that the log has of a decision. */
  async steps(proposalId: string): Promise<readonly string[]> {
    return (await this.node.audit('shop', proposalId)).map(({ step }) => step);
  }

  /** Puts another policy in force. */
  async changePolicy(change: Partial<Policy>): Promise<void> {
    const { policy } = this.core.context.constitution;
    const version = policy.version + 1;
    const tenants = (change.tenants ?? policy.tenants).map((row) => ({
      ...row,
      salt: testSalt(`${row.id} of policy ${version}`),
    }));
    const next = { ...policy, ...change, tenants, version };
    await this.core.proposeJournal({ kind: 'policy', policy: next });
    await this.run();
  }

  /** Puts another roster in force; rows that change bring a salt of their own. */
  async changeRoster(change: Partial<Roster>): Promise<void> {
    const { roster } = this.core.context.constitution;
    const next = { ...roster, ...change, version: roster.version + 1 };
    await this.core.proposeJournal({ kind: 'roster', roster: next });
    await this.run();
  }

  /** Pulls the plug and gives what the disk holds. */
  async crash(): Promise<MemoryStore> {
    this.#life.isOver = true;
    await this.core.context.ports.transport.close();
    return this.store.crash();
  }
}
