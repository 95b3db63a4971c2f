/**
 * Runs every ballot of one region: inputs in, turns out.
 *
 * A turn takes all waiting inputs, steps the ballots they concern, signs the votes cast with one
 * signature, writes one synced batch and only then sends one message and tells the region what
 * was decided. What arrives meanwhile makes the next turn; there are no batching timers.
 *
 *   mailbox, intake -> receiver (decode, verify) -> step -> sign -> ledger.commit -> send, tell
 *
 * What the region itself asks waits in the mailbox, what others sent in the intake: a flood from
 * outside never keeps the region from its own work.
 * After an unclean stop it votes only when its peers have shown that they hold no newer vote of
 * its own (recovery.ts).
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
import type { SlotsReply } from '#protocols/messages/fabric.ts';
import { draftsOf } from './audit-drafts.ts';
import type { BallotHostOptions, Candidacy, HostInput, PutForward } from './ballot-options.ts';
import { Ballots } from './ballots.ts';
import { CatchUp } from './catch-up.ts';
import { FirstSeen } from './first-seen.ts';
import { Inbound } from './inbound.ts';
import { Intake } from './intake.ts';
import { Mailbox } from './mailbox.ts';
import { noParts, SlotGuard, signVotes, turnMessages } from './outbox.ts';
import { Peers, type PeerView } from './peers.ts';
import { Receiver } from './receiver.ts';
import { Recovery, recoveringKey, type Standing } from './recovery.ts';
import { Turn } from './turn.ts';
import type { HeldSince } from './vote-times.ts';

export class BallotHost {
  readonly #o: BallotHostOptions;
  readonly #ballots: Ballots;
  readonly #mailbox: Mailbox<HostInput>;
  readonly #guard = new SlotGuard();
  readonly #inbound: Inbound;
  readonly #intake: Intake;
  readonly #receiver: Receiver;
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
    this.#intake = new Intake(options);
    this.#inbound = new Inbound({ ...options, blame: (from) => this.#intake.blame(from) });
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
    this.#receiver = new Receiver({
      ballots: this.#ballots,
      inbound: this.#inbound,
      peers: this.#peers,
      catchUp: this.#catchUp,
      recovery: this.#recovery,
      firstSeen: this.#firstSeen,
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
    this.#o.transport.onMessage((from, bytes) => {
      if (!this.#closed && this.#intake.offer(from, bytes)) this.#wake();
    });
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
    if (!this.#running && !this.#hasWork()) return;
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
    this.#wake();
    return true;
  }

  #wake(): void {
    this.#run().catch((error: unknown) => this.#o.fatal(error));
  }

  #hasWork(): boolean {
    return this.#mailbox.size > 0 || this.#intake.size > 0;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#hasWork()) {
        const turn = new Turn();
        if (this.#learned) await this.#beginToVote(this.#learned, turn);
        const inputs = this.#mailbox.take(this.#o.limits.turnInputsMax);
        for (const input of inputs) await this.#handle(input, turn);
        for (const arrival of this.#intake.take()) await this.#receiver.receive(arrival, turn);
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
    const kind = turn.documents.length > 0 ? 'documents' : 'votes';
    for (const bytes of broadcast) transport.broadcast(bytes, kind);
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
