/**
 * Ballot hosts of a federation of three on memory adapters, with real signatures, and ends of
 * the network by which a test speaks for a member.
 */
import { BallotHost } from '#fabric/host/ballot-host.ts';
import type { BallotHostOptions } from '#fabric/host/ballot-options.ts';
import { Instances } from '#fabric/host/instances.ts';
import { Ledger } from '#fabric/host/ledger.ts';
import type { Decided } from '#fabric/host/turn.ts';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { MemoryNetwork } from '#fabric/memory/transport.ts';
import type { Transport } from '#fabric/ports.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { signTurn } from '#protocols/ballot/vote.ts';
import { digestOf, fromUtf8, toBase64, utf8 } from '#protocols/bytes.ts';
import { type Instance, instanceKey, type ValueId, versionOf } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { SlotsReply, SlotsRequest, TurnMessage } from '#protocols/messages/fabric.ts';
import { accept, limits } from './ballot.ts';
import { epochOf, federation, signerOf } from './federation-fixture.ts';
import { ManualClock } from './manual-clock.ts';
import { noLog, noMetrics, settle } from './quiet.ts';

export const members = ['ap', 'eu', 'us'];
export const home = 'eu';
export const instance: Instance = { tenant: 'shop', target: 'shop/web', version: versionOf(1, 1) };
export const other: Instance = { tenant: 'shop', target: 'shop/db', version: versionOf(1, 1) };
export const epoch = epochOf(members);

/** A body that the instance admits, and its value. */
export function bodyFor(
  at: Instance,
  name: string,
): { readonly bytes: Uint8Array; readonly value: ValueId } {
  const bytes = utf8(`${instanceKey(at)} ${name}`);
  return { bytes, value: digestOf(bytes) };
}

export interface Hosted {
  readonly host: BallotHost;
  readonly store: MemoryStore;
  readonly ledger: Ledger;
  readonly instances: Instances;
  readonly decided: Decided[];
  readonly candidates: { readonly value: ValueId; readonly counter: boolean }[];
  readonly failures: unknown[];
}

export class BallotHosts {
  readonly clock = new ManualClock(1_767_614_400_000);
  readonly network = new MemoryNetwork({ clock: this.clock });
  /** The epoch in force, for every host alike. */
  epoch = epoch;

  /** A host that accepts whatever it is asked to judge. */
  async open(self: string, store = new MemoryStore()): Promise<Hosted> {
    const failures: unknown[] = [];
    const fatal = (error: unknown) => failures.push(error);
    const common = { clock: this.clock, metrics: noMetrics, fatal };
    const ledger = await Ledger.open({ region: self, store, ...common });
    const { instances, open } = await Instances.open(store);
    const decided: Decided[] = [];
    const candidates: Hosted['candidates'] = [];
    const options: BallotHostOptions = {
      ...common,
      ...nobodyAsks,
      federation,
      self,
      epoch: () => this.epoch,
      random: { bytes: (length) => new Uint8Array(length).fill(7) },
      transport: this.network.connect(self),
      signer: signerOf(self),
      verifier: nativeVerifier(),
      log: noLog,
      ledger,
      instances,
      open,
      unclean: store.unclean,
      onJudge: (at, value) => host.judged(at, value, accept),
      onDecided: (one) => decided.push(one),
      onCandidate: (one) => candidates.push(one),
    };
    const host = new BallotHost(options);
    return { host, store, ledger, instances, decided, candidates, failures };
  }

  /** An end of the network by which the test speaks and listens as a member. */
  join(self: string): Member {
    return new Member(this.network.connect(self));
  }

  /** Delivers what is under way, and what that sets off. */
  async run(ms = 0): Promise<void> {
    for (let hop = 0; hop < 12; hop += 1) {
      this.clock.advance(0);
      await settle();
    }
    if (ms > 0) {
      this.clock.advance(ms);
      await this.run();
    }
  }
}

export class Member {
  readonly self: string;
  readonly heard: (TurnMessage | SlotsRequest | { readonly type: 'digest/1' })[] = [];
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.self = transport.self;
    this.#transport = transport;
    transport.onMessage((_from, bytes) => this.heard.push(JSON.parse(fromUtf8(bytes))));
  }

  vote(...votes: readonly UnsignedVote[]): readonly SignedVote[] {
    return signTurn({ federation, epoch: 1, member: this.self }, votes, signerOf(this.self));
  }

  say(to: string, parts: Partial<TurnMessage>): void {
    this.send(to, { ...nothing, ...parts, type: 'turn/1' });
  }

  body(to: string, bytes: Uint8Array, more: Partial<TurnMessage> = {}): void {
    this.say(to, { ...more, bodies: [{ digest: digestOf(bytes), bytes: toBase64(bytes) }] });
  }

  /** Answers the newest question for the asker's own slots. */
  answerSlots(to: string, parts: Partial<SlotsReply> = {}): void {
    const asked = this.heard.findLast((message) => message.type === 'slots-request/1');
    const nonce = asked && 'nonce' in asked ? asked.nonce : '';
    const empty = { votes: [], quorums: [], certificates: [] };
    this.send(to, { ...empty, ...parts, type: 'slots-reply/1', nonce });
  }

  /** Every vote heard, each once. */
  votes(): readonly SignedVote[] {
    const all = this.heard.flatMap((message) => ('votes' in message ? message.votes : []));
    return [...new Map(all.map((vote) => [JSON.stringify(vote), vote])).values()];
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  send(to: string, message: object): void {
    const head = { federation, epoch: 1, from: this.self };
    this.#transport.send(to, utf8(JSON.stringify({ ...head, ...message })));
  }
}

const nothing = {
  votes: [],
  quorums: [],
  certificates: [],
  bodies: [],
  documents: [],
  wants: [],
};

const nobodyAsks = {
  unready: () => null,
  limits: {
    ballot: limits,
    tickMs: 50,
    digestMs: 2000,
    mailboxMax: 256,
    turnInputsMax: 64,
    ballotsOpenMax: 16,
    bodyBytesMax: 10_000,
  },
  homeOf: (target: string) => (target.startsWith('shop/') ? home : null),
  admits: (at: Instance, bytes: Uint8Array) => fromUtf8(bytes).startsWith(`${instanceKey(at)} `),
  factsOf: () => [],
  openDecisions: () => [],
  documentsOf: () => [],
  stopsKnown: () => [],
  stopsBeyond: () => [],
  onDocument: () => {},
};
