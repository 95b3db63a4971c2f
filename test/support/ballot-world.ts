/**
 * A small world of ballot cores: regions, a network that loses, doubles and reorders messages,
 * disks that survive crashes, and members that lie. Every step is checked against I1 to I4 and
 * I6 with what was said in public, not with the cores' own books.
 */

import { required } from '#protocols/assert.ts';
import { precommitsOf } from '#protocols/ballot/decide.ts';
import { durableBallot, restoreBallot } from '#protocols/ballot/durable.ts';
import type {
  BallotConfig,
  BallotEffects,
  BallotInput,
  BallotLimits,
  BallotState,
  DurableBallot,
} from '#protocols/ballot/state.ts';
import { openBallot } from '#protocols/ballot/step.ts';
import type { ValueId } from '#protocols/ids.ts';
import type { Judgement, PrevoteQuorum, SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import { certificateOf, configOf, signedBy, turn } from './ballot.ts';
import { type Ledger, openLedger } from './ballot-ledger.ts';

export interface Message {
  readonly from: string;
  readonly votes: readonly SignedVote[];
  readonly quorums: readonly PrevoteQuorum[];
  readonly bodies: readonly ValueId[];
  readonly want: readonly ValueId[];
  readonly certificate: Certificate | null;
}

interface Region {
  readonly config: BallotConfig;
  state: BallotState;
  durable: DurableBallot | null;
  readonly disk: Set<ValueId>;
  readonly judging: Set<ValueId>;
  certificate: Certificate | null;
}

export interface WorldOptions {
  readonly members: readonly string[];
  readonly faultModel: FaultModel;
  readonly liars: readonly string[];
  readonly limits?: Partial<BallotLimits>;
  judge(member: string, value: ValueId): Judgement;
}

export interface World {
  readonly ledger: Ledger;
  readonly honest: readonly string[];
  /** Messages on their way, each to one region. */
  readonly network: { readonly to: string; readonly message: Message }[];
  stateOf(member: string): BallotState;
  tell(member: string, ...inputs: readonly BallotInput[]): void;
  /** Delivers the message with the index; `keep` leaves a duplicate on the way. */
  deliver(index: number, keep?: boolean): void;
  lose(index: number): void;
  /** Answers what the region's core asked to be judged. */
  judgeAll(member: string): void;
  crash(member: string): void;
  /** What a liar says, to one region only. */
  lie(to: string, message: Partial<Message> & { readonly from: string }): void;
  /** Connects these regions for good, and lets time pass until all of them decided. */
  heal(connected: readonly string[], ticksMax: number): void;
}

export const emptyMessage = { votes: [], quorums: [], bodies: [], want: [], certificate: null };

export function openWorld(options: WorldOptions): World {
  const honest = options.members.filter((member) => !options.liars.includes(member));
  const ledger = openLedger(options);
  const network: World['network'] = [];
  const regions = new Map(honest.map((member) => [member, openRegion(options, member)]));
  const regionOf = (member: string) => required(regions.get(member), 'an honest region');

  const send = (to: string, message: Message) => {
    if (regions.has(to)) network.push({ to, message });
  };
  const broadcast = (message: Message) => {
    for (const to of honest) if (to !== message.from) send(to, message);
  };

  const perform = (region: Region, effects: BallotEffects) => {
    const { self } = region.config;
    const signed = effects.votes.map((cast) => signedBy(self, cast));
    if (effects.persist) region.durable = throughJson(durableBallot(region.state));
    for (const vote of signed) ledger.record(vote);
    ledger.checkEvidence(effects.evidence);
    if (effects.certify) region.certificate = certificateOf(precommitsOf(region.state));
    if (region.certificate) ledger.checkCertificate(region.certificate);
    for (const value of effects.judge) region.judging.add(value);
    const message: Message = {
      from: self,
      votes: [...signed, ...effects.repeat],
      quorums: effects.quorums,
      bodies: effects.bodies,
      want: effects.want,
      certificate: effects.certify ? region.certificate : null,
    };
    if (!isSilent(message)) broadcast(message);
  };

  const tell = (member: string, ...inputs: readonly BallotInput[]) => {
    const region = regionOf(member);
    for (const input of inputs) {
      if (input.type === 'body' || input.type === 'put-forward') region.disk.add(input.value);
      if (input.type === 'certificate') region.certificate ??= input.certificate;
    }
    const { state, effects } = turn(region.state, ...inputs);
    region.state = state;
    perform(region, effects);
    const here = effects.want.filter((value) => region.disk.has(value));
    if (here.length > 0) tell(member, ...here.map((value) => ({ type: 'body', value }) as const));
  };

  const receive = (to: string, message: Message) => {
    const { from, votes, quorums, bodies, want, certificate } = message;
    const region = regionOf(to);
    const answer = want.filter((value) => region.disk.has(value));
    if (answer.length > 0) send(from, { ...emptyMessage, from: to, bodies: answer });
    if (region.certificate) {
      const news = { ...emptyMessage, from: to, certificate: region.certificate };
      if (!certificate && votes.length > 0) send(from, news);
      return;
    }
    tell(
      to,
      ...bodies.map((value) => ({ type: 'body', value }) as const),
      ...(certificate ? [{ type: 'certificate', certificate } as const] : []),
      ...votes.map((vote) => ({ type: 'vote', vote }) as const),
      ...quorums.map((quorum) => ({ type: 'quorum', quorum }) as const),
    );
  };

  const judgeAll = (member: string) => {
    const { judging } = regionOf(member);
    const values = [...judging];
    judging.clear();
    for (const value of values) {
      tell(member, { type: 'judged', value, judgement: options.judge(member, value) });
    }
  };

  const flush = (connected: readonly string[]) => {
    for (let rest = 20_000; network.length > 0; rest -= 1) {
      if (rest === 0) throw new Error('the network never comes to rest');
      const { to, message } = required(network.shift(), 'a message waits');
      if (!connected.includes(to)) continue;
      receive(to, message);
      judgeAll(to);
    }
  };

  return {
    ledger,
    honest,
    network,
    stateOf: (member) => regionOf(member).state,
    tell,
    deliver(index, keep = false) {
      const found = network[index];
      if (!found) return;
      if (!keep) network.splice(index, 1);
      receive(found.to, found.message);
    },
    lose: (index) => void network.splice(index, 1),
    judgeAll,
    crash(member) {
      const region = regionOf(member);
      if (region.certificate) return;
      region.judging.clear();
      const { state, effects } = reopened(region);
      region.state = state;
      perform(region, effects);
    },
    lie(to, message) {
      const whole = { ...emptyMessage, ...message };
      for (const vote of whole.votes) ledger.record(vote);
      send(to, whole);
    },
    heal(connected, ticksMax) {
      for (const member of connected) judgeAll(member);
      flush(connected);
      for (let tick = 0; tick < ticksMax; tick += 1) {
        if (connected.every((member) => regionOf(member).certificate)) return;
        for (const member of connected) tell(member, { type: 'tick' });
        flush(connected);
      }
      const rounds = connected.map((member) => `${member}@${regionOf(member).state.round}`);
      throw new Error(`undecided after ${ticksMax} ticks: ${rounds.join(' ')}`);
    },
  };
}

function openRegion(options: WorldOptions, member: string): Region {
  const config = configOf(member, options.members, options);
  const { state } = openBallot(config);
  const disk = new Set<ValueId>();
  return { config, state, durable: null, disk, judging: new Set(), certificate: null };
}

function reopened({ config, durable, disk }: Region) {
  return durable ? restoreBallot(config, durable, [...disk]) : openBallot(config);
}

/** What is on disk shares nothing with what is in memory. */
function throughJson(durable: DurableBallot): DurableBallot {
  return JSON.parse(JSON.stringify(durable)) as DurableBallot;
}

function isSilent({ votes, quorums, bodies, want, certificate }: Message): boolean {
  return !certificate && votes.length + quorums.length + bodies.length + want.length === 0;
}
