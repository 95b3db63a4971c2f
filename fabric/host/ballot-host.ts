/**
 * Runs every ballot of one region: inputs in, turns out.
 *
 * A turn takes all waiting inputs, steps the ballots they concern, signs the votes cast with one
 * signature, writes one synced batch and only then sends one message and tells the region what
 * was decided. What arrives meanwhile makes the next turn; there are no batching timers.
 *
 *   mailbox -> inbound (decode, verify) -> step -> sign -> ledger.commit -> send, judge, decided
 *
 * After an unclean stop it votes only when its peers have shown that they hold no newer vote of
 * its own (recovery.ts). Messages about a target's future versions make it fetch what it lacks
 * (catch-up.ts).
 */

import type { Timer } from '#fabric/ports.ts';
import { assert } from '#protocols/assert.ts';
import { certificateFrom } from '#protocols/ballot/certificate.ts';
import { precommitsOf } from '#protocols/ballot/decide.ts';
import type { BallotState } from '#protocols/ballot/state.ts';
import { toBase64 } from '#protocols/bytes.ts';
import { abortValue, type Instance, instanceKey, type ValueId } from '#protocols/ids.ts';
import type { Judgement, SignedVote } from '#protocols/messages/ballot.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import { type SlotsReply, type TurnMessage, turnBodiesMax } from '#protocols/messages/fabric.ts';
import { draftsOf } from './audit-drafts.ts';
import type { BallotHostOptions, Candidacy, HostInput, PutForward } from './ballot-options.ts';
import { Ballots } from './ballots.ts';
import { CatchUp } from './catch-up.ts';
import { FirstSeen } from './first-seen.ts';
import { Inbound } from './inbound.ts';
import { Mailbox } from './mailbox.ts';
import { noParts, SlotGuard, signVotes, turnMessages } from './outbox.ts';
import { Peers, type PeerView } from './peers.ts';
import { Recovery, recoveringKey, type Standing } from './recovery.ts';
import { type Reply, Turn } from './turn.ts';
import type { HeldSince } from './vote-times.ts';

export class BallotHost {
  readonly #o: BallotHostOptions;
  readonly #ballots: Ballots;
  readonly #mailbox: Mailbox<HostInput>;
  readonly #guard = new SlotGuard();
  readonly #inbound: Inbound;
  readonly #catchUp: CatchUp;
  readonly #peers: Peers;
  readonly #recovery: Recovery;
  readonly #firstSeen: FirstSeen;
  /** What the restored ballots want to do once voting is safe. */
  readonly #restored = new Turn();
  /** Voting is safe: what the peers answered on the way there, until it is taken in. */
  #learned: readonly SlotsReply[] | null = null;
  #running = false;
  #closed = false;
  #timer: Timer | null = null;
  readonly #idle: (() => void)[] = [];

  constructor(options: BallotHostOptions) {
    this.#o = options;
    this.#ballots = new Ballots(options);
    this.#mailbox = new Mailbox<HostInput>({
      name: 'ballots',
      capacity: options.limits.mailboxMax,
      metrics: options.metrics,
    });
    this.#inbound = new Inbound(options);
    this.#firstSeen = new FirstSeen(options);
    this.#catchUp = new CatchUp(options);
    this.#peers = new Peers(options);
    this.#recovery = new Recovery({
      ...options,
      openBallots: () => this.#ballots.all(),
      onReady: (learned) => {
        this.#learned = learned;
        // Refused by a full mailbox, it is not missed: a turn is coming anyway.
        this.#tell({ type: 'wake' });
      },
    });
  }

  /** Begins to listen, and to vote as soon as that is safe. */
  async start(): Promise<void> {
    if (this.#o.unclean) {
      await this.#o.ledger.commit([], [{ put: recoveringKey, value: Uint8Array.of(1) }]);
    }
    for (const durable of this.#o.open) {
      this.#guard.restore(durable.own);
      await this.#ballots.restore(durable, this.#restored);
    }
    this.#o.transport.onMessage((from, bytes) => this.#tell({ type: 'message', from, bytes }));
    this.#recovery.start();
    this.#catchUp.start();
  }

  /** Whether this region may vote, and why not. */
  standing(): Standing {
    return this.#recovery.standing();
  }

  openCount(): number {
    return this.#ballots.size;
  }

  openOn(target: string): boolean {
    const version = this.#ballots.nextVersion(target);
    return this.#ballots.all().has(instanceKey({ target, version }));
  }

  ballot(instance: Instance): BallotState | null {
    return this.#ballots.get(instance);
  }

  /** The votes held for an open instance; null when it is not open. */
  held(instance: Instance): readonly HeldSince[] | null {
    return this.#ballots.held(instance);
  }

  /** The other members; `silentMs` is how long one may say nothing. */
  peers(silentMs: number): readonly PeerView[] {
    return this.#peers.view(silentMs);
  }

  nextVersion(target: string): number {
    return this.#ballots.nextVersion(target);
  }

  /** Resolves once the candidate and its body are durable and sent. */
  putForward(candidacy: Candidacy): Promise<PutForward> {
    return new Promise((done) => {
      const accepted = this.#tell({ type: 'put-forward', candidacy, done });
      if (!accepted) done({ ok: false, reason: 'busy' });
    });
  }

  judged(instance: Instance, value: ValueId, judgement: Judgement): void {
    this.#tell({ type: 'judged', instance, value, judgement });
  }

  /** Passes a signed document on to every region; it must be durable already. */
  publish(envelope: Envelope): void {
    this.#tell({ type: 'document', envelope });
  }

  /** Resolves when no input waits and no turn runs. */
  async idle(): Promise<void> {
    if (!this.#running && this.#mailbox.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) this.#o.clock.clearTimeout(this.#timer);
    this.#recovery.stop();
    this.#catchUp.stop();
    await this.idle();
  }

  #tell(input: HostInput): boolean {
    if (this.#closed || !this.#mailbox.offer(input)) return false;
    this.#run().catch((error: unknown) => this.#o.fatal(error));
    return true;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#mailbox.size > 0) {
        const turn = new Turn();
        if (this.#learned) await this.#beginToVote(this.#learned, turn);
        const inputs = this.#mailbox.take(this.#o.limits.turnInputsMax);
        for (const input of inputs) await this.#handle(input, turn);
        await this.#perform(turn);
      }
    } finally {
      this.#running = false;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #handle(input: HostInput, turn: Turn): Promise<void> {
    switch (input.type) {
      case 'wake':
        return;
      case 'message':
        return this.#receive(input.from, input.bytes, turn);
      case 'put-forward':
        return this.#putForward(input.candidacy, input.done, turn);
      case 'document':
        turn.documents.push(input.envelope);
        return;
      case 'tick':
        for (const { config } of this.#ballots.all().values()) {
          await this.#ballots.step(config.instance, input, turn);
        }
        return;
      case 'judged':
        if (!this.#ballots.get(input.instance)) return;
        return this.#ballots.step(input.instance, input, turn);
    }
  }

  async #putForward(
    candidacy: Candidacy,
    done: (result: PutForward) => void,
    turn: Turn,
  ): Promise<void> {
    const reason = this.#ballots.mayVote ? this.#ballots.refusalOf(candidacy) : 'busy';
    if (reason) return done({ ok: false, reason });
    const value = await this.#ballots.putForward(candidacy, turn);
    turn.bodies.add(value);
    if (candidacy.counter) this.#firstSeen.expectCounter(value);
    turn.after.push(() => done({ ok: true, value }));
  }

  /** Only once what the peers taught us is taken in may anything else make us vote. */
  async #beginToVote(learned: readonly SlotsReply[], turn: Turn): Promise<void> {
    this.#learned = null;
    this.#ballots.allowVoting();
    if (this.#o.unclean) turn.ops.push({ del: recoveringKey });
    turn.take(this.#restored);
    for (const reply of learned) {
      for (const certificate of this.#inbound.certificates(reply)) {
        await this.#ballots.takeCertificate(certificate, turn);
      }
      for (const { instance, quorum } of this.#inbound.quorums(reply)) {
        if (this.#ballots.reach(instance) !== 'open') continue;
        await this.#ballots.step(instance, { type: 'quorum', quorum }, turn);
      }
    }
  }

  async #receive(from: string, bytes: Uint8Array, turn: Turn): Promise<void> {
    const message = this.#inbound.open(from, bytes);
    if (!message) return;
    this.#peers.heard(from);
    switch (message.type) {
      case 'digest/1':
        this.#peers.onDigest(message);
        return this.#catchUp.onDigest(message, turn.replyTo(from));
      case 'fetch/1':
        return this.#catchUp.onFetch(message, turn.replyTo(from));
      case 'slots-request/1':
        return this.#recovery.onRequest(message);
      case 'slots-reply/1':
        return this.#recovery.onReply(message);
      case 'turn/1':
        return this.#receiveTurn(from, message, turn);
    }
  }

  async #receiveTurn(from: string, message: TurnMessage, turn: Turn): Promise<void> {
    turn.received.push(...message.documents);
    // Votes first: they open the ballots that the bodies beside them belong to.
    if (this.#ballots.mayVote) await this.#receiveVotes(from, message, turn);
    for (const { digest, bytes } of this.#inbound.bodies(message)) {
      await this.#ballots.takeBody(digest, bytes, turn);
    }
    for (const certificate of this.#inbound.certificates(message)) {
      const reach = await this.#ballots.takeCertificate(certificate, turn);
      if (reach === 'ahead') this.#catchUp.fetch(from, certificate.instance.target);
    }
    for (const value of new Set(message.wants)) await this.#answerWant(value, turn.replyTo(from));
  }

  async #answerWant(value: ValueId, { bodies }: Reply): Promise<void> {
    if (bodies.length >= turnBodiesMax || bodies.some(({ digest }) => digest === value)) return;
    const body = await this.#ballots.bodyOf(value);
    if (body) bodies.push({ digest: value, bytes: toBase64(body) });
  }

  async #receiveVotes(from: string, message: TurnMessage, turn: Turn): Promise<void> {
    for (const vote of this.#inbound.votes(message)) {
      if (!(await this.#mayVoteOn(from, vote.instance, turn))) continue;
      await this.#ballots.step(vote.instance, { type: 'vote', vote }, turn);
      this.#firstSeen.noteOther(vote, this.#ballots.get(vote.instance), turn);
    }
    for (const { instance, quorum } of this.#inbound.quorums(message)) {
      if (!(await this.#mayVoteOn(from, instance, turn))) continue;
      await this.#ballots.step(instance, { type: 'quorum', quorum }, turn);
    }
  }

  /** Anything about a decided instance is answered with its certificate; a future one asks. */
  async #mayVoteOn(from: string, instance: Instance, turn: Turn): Promise<boolean> {
    const { target, version } = instance;
    switch (this.#ballots.reach(instance)) {
      case 'open':
        return true;
      case 'decided':
        await this.#catchUp.answer(target, version, turn.replyTo(from));
        return false;
      case 'ahead':
        this.#catchUp.fetch(from, target);
        return false;
      case 'foreign':
        return false;
    }
  }

  /** Sign, write, and only then speak. */
  async #perform(turn: Turn): Promise<void> {
    const votes = this.#sign(turn);
    await this.#certify(turn);
    turn.ops.push(...this.#ballots.ops(turn));
    this.#audit(turn, votes);
    await this.#o.ledger.commit(turn.drafts, turn.ops);
    await this.#send(turn, votes);
    await this.#tellRegion(turn);
    this.#arm();
  }

  #sign(turn: Turn): readonly SignedVote[] {
    const votes = signVotes({
      federation: this.#o.federation,
      epoch: this.#o.epoch().epoch,
      member: this.#o.self,
      votes: turn.votes,
      guard: this.#guard,
      signer: this.#o.signer,
    });
    this.#ballots.attach(votes, turn);
    for (const vote of votes) {
      this.#o.metrics.count('votes_total', { step: vote.step });
      this.#firstSeen.noteOwn(vote, turn);
      if (vote.step === 'candidate' || vote.step === 'proposal') turn.bodies.add(vote.value);
    }
    return votes;
  }

  async #certify(turn: Turn): Promise<void> {
    for (const { instance } of turn.certify) {
      const state = this.#ballots.get(instance);
      if (!state?.decided) continue;
      const { value } = state.decided;
      const certificate = certificateFrom(this.#o.federation, precommitsOf(state));
      const body = value === abortValue ? null : await this.#ballots.bodyOf(value);
      assert(body !== undefined, 'a precommitted body is stored');
      const votes = this.#ballots.held(instance) ?? [];
      this.#ballots.decide({ certificate, body, votes }, turn);
    }
  }

  #audit(turn: Turn, votes: readonly SignedVote[]): void {
    turn.drafts.push(...draftsOf(this.#o.federation, turn, votes));
    turn.ops.push(...this.#o.factsOf(turn));
    for (const { certificate } of turn.decided) this.#guard.forget(certificate.instance);
  }

  async #send(turn: Turn, votes: readonly SignedVote[]): Promise<void> {
    const bodies = [];
    for (const value of turn.bodies) {
      const bytes = value.startsWith('sha256:') ? await this.#ballots.bodyOf(value) : undefined;
      if (bytes) bodies.push({ digest: value, bytes: toBase64(bytes) });
    }
    const { federation, self, transport } = this.#o;
    const head = { federation, epoch: this.#o.epoch().epoch, from: self };
    const broadcast = turnMessages(head, {
      votes: [...votes, ...turn.repeated],
      quorums: turn.quorums,
      certificates: turn.decided.map(({ certificate }) => certificate),
      bodies,
      documents: turn.documents,
      wants: [...turn.wants],
    });
    for (const bytes of broadcast) transport.broadcast(bytes);
    for (const [member, reply] of turn.replies()) {
      for (const bytes of turnMessages(head, { ...noParts, ...reply })) {
        transport.send(member, bytes);
      }
    }
  }

  async #tellRegion(turn: Turn): Promise<void> {
    for (const done of turn.after) done();
    for (const { vote, counter } of turn.candidates) {
      this.#o.onCandidate({ instance: vote.instance, value: vote.value, counter });
    }
    for (const decided of turn.decided) {
      const outcome = decided.certificate.value === abortValue ? 'abort' : 'manifest';
      this.#o.metrics.count('certificates_total', { outcome });
      this.#o.onDecided(decided);
    }
    // After the certificates they came with: what they speak of is known now.
    for (const document of turn.received) this.#o.onDocument(document);
    for (const { instance, value } of turn.judge) {
      const bytes = this.#ballots.get(instance) ? await this.#ballots.bodyOf(value) : undefined;
      if (bytes) this.#o.onJudge(instance, value, bytes);
    }
  }

  /** Ticks only while a ballot is open. */
  #arm(): void {
    if (this.#timer !== null || this.#closed || this.#ballots.size === 0) return;
    this.#timer = this.#o.clock.setTimeout(() => {
      this.#timer = null;
      this.#tell({ type: 'tick' });
    }, this.#o.limits.tickMs);
  }
}
