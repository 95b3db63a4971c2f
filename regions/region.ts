/**
 * A region: configuration and ports in, a running node out. The composition root.
 *
 *   telemetry -> agents (one actor set a tenant) -> relay -> ledger, ballots, documents
 *   ballots   -> bench (judging) and decisions (what was certified) -> agents
 *
 * Opening reads everything back from the store: what is in force, the book of decisions, stops,
 * enactments without a result. Nothing acts before all of that is known.
 */
import type { AgentEmitted } from '#agents/events.ts';
import type { AgentInputs } from '#agents/provide.ts';
import { tenantLogic } from '#agents/provide.ts';
import { type ActorHost, type ActorHostLimits, createActorHost } from '#fabric/host/actor-host.ts';
import { BallotHost } from '#fabric/host/ballot-host.ts';
import type { BallotHostLimits } from '#fabric/host/ballot-options.ts';
import { Instances } from '#fabric/host/instances.ts';
import { Ledger } from '#fabric/host/ledger.ts';
import { recoveringKey } from '#fabric/host/recovery.ts';
import type { Turn } from '#fabric/host/turn.ts';
import { KeyedQueue } from '#fabric/keyed-queue.ts';
import type { Ports, StoreOp } from '#fabric/ports.ts';
import type { DurableBallot } from '#protocols/ballot/state.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, journalTarget, journalTenant } from '#protocols/ids.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { JournalChange, JournalEntry } from '#protocols/messages/journal.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import { answersOf } from './answers.ts';
import { admits, Bench } from './bench.ts';
import { faultOf } from './checks.ts';
import { Composer } from './composer.ts';
import { Constitution, type Genesis } from './constitution.ts';
import type { RegionContext, RegionLimits, Tell } from './context.ts';
import { Counts } from './counts.ts';
import { Decisions, putProposal, putVotes, statusOf } from './decisions.ts';
import { Docket } from './docket.ts';
import { Documents } from './documents.ts';
import { Enactor } from './enactor.ts';
import { Facts } from './facts.ts';
import { LogReaders } from './log-readers.ts';
import type { Mode } from './node.ts';
import { Receipts } from './receipts.ts';
import { Relay } from './relay.ts';
import { Stops } from './stops.ts';
import { SureTell } from './sure-tell.ts';
import { Telemetry } from './telemetry.ts';

export interface RegionOptions {
  readonly id: string;
  readonly federation: string;
  readonly mode: Mode;
  readonly genesis: Genesis;
  /** Signed playbooks by digest, verified. */
  readonly playbooks: ReadonlyMap<string, Playbook>;
  readonly ports: Ports;
  readonly limits: RegionLimits & {
    readonly ballots: BallotHostLimits;
    readonly actors: ActorHostLimits;
  };
  /** Called with the canonical bytes once a decision of this region's own has ended. */
  readonly onReceipt?: (decisionId: string, bytes: Uint8Array) => Promise<void>;
  /** Whether a decision's receipt was kept before; missing ones are issued on start. */
  readonly hasReceipt?: (decisionId: string) => boolean;
}

/** What is inside a region; regions/node.ts is what it shows to others. */
export class RegionCore {
  readonly context: RegionContext;
  readonly options: RegionOptions;
  readonly log: LogReaders;
  readonly countsOfThisRun = new Counts();
  readonly stops: Stops;
  readonly documents: Documents;
  readonly docket: Docket;
  readonly composer: Composer;
  readonly receipts: Receipts;
  readonly facts: Facts;
  readonly relay: Relay;
  readonly telemetry: Telemetry;
  readonly actors: ActorHost;
  readonly host: BallotHost;
  readonly #bench: Bench;
  #closing: Promise<void> | null = null;
  readonly #sureTell: SureTell;
  /** Work begun by events and not done yet. */
  readonly #work = new Set<Promise<unknown>>();

  private constructor(
    options: RegionOptions,
    opened: {
      readonly ledger: Ledger;
      readonly instances: Instances;
      readonly constitution: Constitution;
      readonly decisions: Decisions;
      readonly facts: Facts;
      readonly log: LogReaders;
      readonly open: readonly DurableBallot[];
      readonly isUnclean: boolean;
    },
  ) {
    this.options = options;
    const { ports, id, federation, mode, playbooks, limits } = options;
    this.context = {
      id,
      federation,
      mode,
      ports,
      limits,
      playbooks,
      ...opened,
      inTurn: new KeyedQueue(),
      host: () => this.host,
      eventTime: () => this.telemetry.upTo,
    };
    const tell: Tell = (tenant, agent, event) => this.actors.tell(tenant, agent, event);
    this.#sureTell = new SureTell({
      clock: ports.clock,
      tell,
      hasFailed: (tenant) =>
        this.actors.degraded().some((one) => one.tenant === tenant && one.agent === 'tenant'),
    });
    const tellSurely: Tell = (...told) => this.#sureTell.tell(...told);
    this.stops = new Stops(this.context, (stop) => {
      tellSurely(stop.tenant, 'executor', { type: 'stop.recorded', stop });
    });
    this.facts = opened.facts;
    this.log = opened.log;
    this.receipts = new Receipts(this.context);
    this.docket = this.#newDocket(tellSurely);
    this.documents = this.#newDocuments(tellSurely);
    this.composer = new Composer(this.context);
    this.relay = new Relay(this.context, tellSurely, this.documents);
    this.telemetry = new Telemetry(this.context, { tell, settled: () => this.actors.idle() });
    this.#bench = new Bench(this.context, tell);
    this.actors = this.#newActors();
    this.host = this.#newHost(opened.open, opened.isUnclean);
  }

  static async open(options: RegionOptions): Promise<RegionCore> {
    const { ports, id, federation, genesis } = options;
    const { store, clock, metrics } = ports;
    const fatal = (error: unknown) => ports.fatal(error);
    const log = new LogReaders();
    const forLedger = { region: id, store, clock, metrics, fatal };
    const ledger = await Ledger.open(forLedger, (entry) => log.add(entry));
    const { instances, open } = await Instances.open(store);
    const constitution = new Constitution(genesis);
    for await (const certificate of instances.certificatesAfter(journalTarget, 0)) {
      const { value } = certificate;
      const body = value === abortValue ? null : await instances.body(value);
      constitution.apply(certificate, body ?? null);
    }
    const decisions = await Decisions.open({
      federation,
      store,
      body: (value) => instances.body(value),
      firstSeqOf: (decisionId) => ledger.seqsOf(decisionId)[0] ?? ledger.head().size,
    });
    const isUnclean = store.unclean || (await store.get(recoveringKey)) !== undefined;
    const facts = await Facts.open({
      store,
      factsMax: options.limits.rememberedMax,
      now: () => clock.now(),
      commit: (ops) => ledger.commit([], ops),
    });
    const opened = { ledger, instances, constitution, decisions, facts, log, open, isUnclean };
    const core = new RegionCore(options, opened);
    ledger.subscribe((entry) => {
      core.countsOfThisRun.add(entry);
      log.add(entry);
    });
    await core.stops.open();
    await core.telemetry.open();
    return core;
  }

  /** Begins to listen, vote and act; telemetry starts on its own word. */
  async start(): Promise<void> {
    const { ledger, ports, id } = this.context;
    await ledger.commit(
      [
        {
          step: 'region.started',
          actor: `region:${id}`,
          tenant: journalTenant,
          reason: ports.store.unclean ? 'after an unclean stop' : 'in order',
          facts: { mode: this.options.mode, entries: ledger.head().size },
          digests: { policy: this.context.constitution.policyHash },
        },
      ],
      [],
    );
    await this.relay.restore();
    this.docket.tellStops();
    for (const record of this.context.decisions.underWay()) this.docket.resume(record);
    await this.host.start();
    await this.docket.issueMissingReceipts();
  }

  /** Puts a change of the federation's own rules forward; resolves when it is durable here. */
  async proposeJournal(change: JournalChange): Promise<boolean> {
    const { constitution, federation, id, ports } = this.context;
    const entry: JournalEntry = {
      type: 'journal-entry/1',
      federation,
      height: constitution.height + 1,
      previous: constitution.previous as JournalEntry['previous'],
      change,
      proposer: id,
      at: new Date(ports.clock.now()).toISOString(),
    };
    const instance = { tenant: journalTenant, target: journalTarget, version: entry.height };
    const judgement = {
      verdict: 'accept' as const,
      confidence: 1,
      risk: 0,
      costEstimate: 0,
      reversibility: 1,
      reasons: ['proposed here'],
    };
    const bytes = canonicalBytes(entry);
    const result = await this.host.putForward({ instance, bytes, judgement, counter: false });
    return result.ok;
  }

  /** Whether nothing is under way but what waits for people. */
  isSettled(): boolean {
    if (!this.telemetry.ended || this.host.openCount() > 0 || !this.actors.isIdle()) return false;
    if (!this.#sureTell.isIdle() || this.#work.size > 0) return false;
    for (const record of this.context.decisions.underWay()) {
      const { tenant, target } = record.instance;
      if (statusOf(record) === 'pending-approval' || this.stops.holds(tenant, target)) continue;
      return false;
    }
    return true;
  }

  /** Once: a region that was stopped alone is not stopped again with the others. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.telemetry.stop();
    this.#sureTell.close();
    await this.actors.idle();
    await this.host.close();
    await this.actors.stop();
    // What was begun is finished: nothing may want the store once it is closed.
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
    const { ledger, id, ports } = this.context;
    await ledger.commit(
      [
        {
          step: 'region.stopped',
          actor: `region:${id}`,
          tenant: journalTenant,
          reason: 'in order',
          facts: {},
          digests: {},
        },
      ],
      [],
    );
    await ports.transport.close();
    await ports.store.close();
  }

  #newDocket(tell: Tell): Docket {
    return new Docket({
      context: this.context,
      stops: this.stops,
      receipts: this.receipts,
      relay: () => this.relay,
      tell,
      guard: (work) => this.#guard(work),
      onReceipt: this.options.onReceipt,
      hasReceipt: (decisionId) => this.options.hasReceipt?.(decisionId) ?? false,
    });
  }

  #newDocuments(tell: Tell): Documents {
    return new Documents(this.context, this.stops, {
      onDryRun: ({ instance }, dryRun) =>
        tell(instance.tenant, 'governance', { type: 'dry-run.recorded', dryRun }),
      onApproval: ({ instance: { tenant } }, approval, roles) =>
        tell(tenant, 'governance', { type: 'approval.recorded', approval, roles }),
      onEnactment: (record) => this.docket.onEnded(record),
    });
  }

  #newActors(): ActorHost {
    const { ports, limits } = this.options;
    const answers = answersOf(this.composer, new Enactor(this.context), (work) =>
      this.#track(work),
    );
    return createActorHost({
      clock: ports.clock,
      log: ports.log,
      metrics: ports.metrics,
      limits: limits.actors,
      activate: (tenant) => ({
        logic: tenantLogic(answers),
        input: { inputs: this.#inputsOf(tenant) },
      }),
      // Only agents speak here, and their machines say what they can say.
      onEmitted: (tenant, _agent, said) => this.relay.carry(tenant, said as AgentEmitted),
    });
  }

  #newHost(open: readonly DurableBallot[], isUnclean: boolean): BallotHost {
    const { ports, id, federation, limits } = this.options;
    const { constitution, ledger, instances, decisions } = this.context;
    return new BallotHost({
      federation,
      self: id,
      epoch: () => constitution.epoch,
      limits: limits.ballots,
      clock: ports.clock,
      random: ports.random,
      transport: ports.transport,
      signer: ports.signer,
      verifier: ports.verifier,
      log: ports.log,
      metrics: ports.metrics,
      ledger,
      instances,
      open,
      unclean: isUnclean,
      unready: () => faultOf(this),
      fatal: (error) => ports.fatal(error),
      homeOf: (target) => constitution.homeOf(target),
      admits: (instance, bytes) => admits(federation, instance, bytes),
      factsOf: (news) => this.#factsOf(news),
      openDecisions: () => [...decisions.underWay()].map(({ decisionId }) => decisionId),
      documentsOf: (decisionId) => this.documents.of(decisionId),
      stopsKnown: () => this.stops.known(),
      stopsBeyond: (known) => this.stops.beyond(known),
      onJudge: (instance, value, bytes) => this.#guard(this.#bench.judge(instance, value, bytes)),
      onDecided: (decided) => this.docket.onDecided(decided),
      onCandidate: (candidate) => this.#guard(this.docket.onCandidate(candidate)),
      onDocument: (envelope: Envelope) => this.#guard(this.documents.receive(envelope)),
    });
  }

  /** Facts that belong into the very batch of the candidates and certificates they stem from. */
  #factsOf({ candidates, decided }: Pick<Turn, 'candidates' | 'decided'>): readonly StoreOp[] {
    const { federation, ports } = this.context;
    const at = ports.clock.now();
    return [
      ...candidates
        .filter(({ vote }) => vote.instance.target !== journalTarget)
        .map(({ vote: { instance, value }, counter }) =>
          putProposal(federation, { instance, value, counter }, at),
        ),
      ...decided.map(({ certificate, votes }) => putVotes(certificate.instance, votes)),
    ];
  }

  #inputsOf(tenant: string): AgentInputs {
    const { id, constitution } = this.context;
    const { limits } = constitution.policy;
    const { confidenceMin, scaleHighRiskFactor, approvalTtlSeconds } = limits;
    const who = { tenant, region: id };
    return {
      observer: who,
      scorer: { ...who, confidenceMin, scaleHighRiskFactor },
      negotiator: { ...who, regions: constitution.epoch.members.map((member) => member.id) },
      executor: { limits, generations: this.stops.generations() },
      governance: { approvalTtlMs: approvalTtlSeconds * 1000 },
    };
  }

  /** Work begun by an event: a failure is a bug or a dead disk, and ends the process. */
  #guard(work: Promise<unknown>): void {
    this.#track(work).catch((error: unknown) => this.context.ports.fatal(error));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const done = () => this.#work.delete(work);
    work.then(done, done);
    return work;
  }
}
