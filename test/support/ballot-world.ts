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
  /** Every vote that an honest region cast, in order. */
  readonly cast: readonly SignedVote[];
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

/** What the world is made of; each function below does one thing to it. */
interface Inside {
  readonly options: WorldOptions;
  readonly honest: readonly string[];
  readonly ledger: Ledger;
  readonly network: World['network'];
  readonly cast: SignedVote[];
  readonly regions: ReadonlyMap<string, Region>;
}

export function openWorld(options: WorldOptions): World {
  const honest = options.members.filter((member) => !options.liars.includes(member));
  const inside: Inside = {
    options,
    honest,
    ledger: openLedger(options),
    network: [],
    cast: [],
    regions: new Map(honest.map((member) => [member, openRegion(options, member)])),
  };
  const { ledger, network, cast } = inside;
  return {
    ledger,
    honest,
    network,
    cast,
    stateOf: (member) => regionOf(inside, member).state,
    tell: (member, ...inputs) => tell(inside, member, inputs),
    deliver: (index, keep = false) => deliver(inside, index, keep),
    lose: (index) => void network.splice(index, 1),
    judgeAll: (member) => judgeAll(inside, member),
    crash: (member) => crash(inside, member),
    lie: (to, message) => lie(inside, to, { ...emptyMessage, ...message }),
    heal: (connected, ticksMax) => heal(inside, connected, ticksMax),
  };
}

function regionOf({ regions }: Inside, member: string): Region {
  return required(regions.get(member), 'an honest region');
}

/** Steps a region as one turn, as a host would: sign, write, and only then speak. */
function tell(inside: Inside, member: string, inputs: readonly BallotInput[]): void {
  const region = regionOf(inside, member);
  for (const input of inputs) {
    if (input.type === 'body' || input.type === 'put-forward') region.disk.add(input.value);
    if (input.type === 'certificate') region.certificate ??= input.certificate;
  }
  const { state, effects } = turn(region.state, ...inputs);
  region.state = state;
  perform(inside, region, effects);
  const here = effects.want.filter((value) => region.disk.has(value));
  if (here.length > 0) tell(inside, member, here.map(bodyOf));
}

function perform(inside: Inside, region: Region, effects: BallotEffects): void {
  const { ledger, cast } = inside;
  const { self } = region.config;
  const signed = effects.votes.map((unsigned) => signedBy(self, unsigned));
  if (effects.persist) region.durable = throughJson(durableBallot(region.state));
  for (const vote of signed) ledger.record(vote);
  cast.push(...signed);
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
  if (isSilent(message)) return;
  for (const to of inside.honest) if (to !== self) send(inside, to, message);
}

function send({ regions, network }: Inside, to: string, message: Message): void {
  if (regions.has(to)) network.push({ to, message });
}

function deliver(inside: Inside, index: number, keep: boolean): void {
  const found = inside.network[index];
  if (!found) return;
  if (!keep) inside.network.splice(index, 1);
  receive(inside, found.to, found.message);
}

/** What a region makes of a message; one that has decided answers with its certificate. */
function receive(inside: Inside, to: string, message: Message): void {
  const { from, votes, quorums, bodies, want, certificate } = message;
  const region = regionOf(inside, to);
  const answer = want.filter((value) => region.disk.has(value));
  if (answer.length > 0) send(inside, from, { ...emptyMessage, from: to, bodies: answer });
  if (region.certificate) {
    const news = { ...emptyMessage, from: to, certificate: region.certificate };
    if (!certificate && votes.length > 0) send(inside, from, news);
    return;
  }
  tell(inside, to, [
    ...bodies.map(bodyOf),
    ...(certificate ? [{ type: 'certificate', certificate } as const] : []),
    ...votes.map((vote) => ({ type: 'vote', vote }) as const),
    ...quorums.map((quorum) => ({ type: 'quorum', quorum }) as const),
  ]);
}

function judgeAll(inside: Inside, member: string): void {
  const { judging } = regionOf(inside, member);
  const values = [...judging];
  judging.clear();
  for (const value of values) {
    const judgement = inside.options.judge(member, value);
    tell(inside, member, [{ type: 'judged', value, judgement }]);
  }
}

/** Takes a region back to what is on its disk. */
function crash(inside: Inside, member: string): void {
  const region = regionOf(inside, member);
  if (region.certificate) return;
  region.judging.clear();
  const { state, effects } = reopened(region);
  region.state = state;
  perform(inside, region, effects);
}

function lie(inside: Inside, to: string, message: Message): void {
  for (const vote of message.votes) inside.ledger.record(vote);
  send(inside, to, message);
}

function heal(inside: Inside, connected: readonly string[], ticksMax: number): void {
  const isDone = () => connected.every((member) => regionOf(inside, member).certificate);
  for (const member of connected) judgeAll(inside, member);
  flush(inside, connected);
  for (let tick = 0; tick < ticksMax; tick += 1) {
    if (isDone()) return;
    for (const member of connected) tell(inside, member, [{ type: 'tick' }]);
    flush(inside, connected);
  }
  const rounds = connected.map((member) => `${member}@${regionOf(inside, member).state.round}`);
  throw new Error(`undecided after ${ticksMax} ticks: ${rounds.join(' ')}`);
}

/** Delivers what is on its way, and all that comes of it, to the regions still connected. */
function flush(inside: Inside, connected: readonly string[]): void {
  for (let rest = 20_000; inside.network.length > 0; rest -= 1) {
    if (rest === 0) throw new Error('the network never comes to rest');
    const { to, message } = required(inside.network.shift(), 'a message waits');
    if (!connected.includes(to)) continue;
    receive(inside, to, message);
    judgeAll(inside, to);
  }
}

function bodyOf(value: ValueId): BallotInput {
  return { type: 'body', value };
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
