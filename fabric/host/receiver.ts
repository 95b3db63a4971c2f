/**
 * Takes what members sent into the ballots of a turn: first who it is from and what it is, then
 * each part to whoever it concerns.
 *
 * Anything about a decided instance is answered with its certificate; news of a future version
 * makes this region fetch what it lacks.
 */
import { toBase64 } from '#protocols/bytes.ts';
import type { Instance, ValueId } from '#protocols/ids.ts';
import { type TurnMessage, turnBodiesMax } from '#protocols/messages/fabric.ts';
import type { Ballots } from './ballots.ts';
import type { CatchUp } from './catch-up.ts';
import type { FirstSeen } from './first-seen.ts';
import type { Inbound } from './inbound.ts';
import type { Arrival } from './intake.ts';
import type { Peers } from './peers.ts';
import type { Recovery } from './recovery.ts';
import type { Reply, Turn } from './turn.ts';

export interface ReceiverParts {
  readonly ballots: Ballots;
  readonly inbound: Inbound;
  readonly peers: Peers;
  readonly catchUp: CatchUp;
  readonly recovery: Recovery;
  readonly firstSeen: FirstSeen;
}

export class Receiver {
  readonly #p: ReceiverParts;

  constructor(parts: ReceiverParts) {
    this.#p = parts;
  }

  async receive({ from, bytes }: Arrival, turn: Turn): Promise<void> {
    const { inbound, peers, catchUp, recovery } = this.#p;
    const message = inbound.open(from, bytes);
    if (!message) return;
    peers.heard(from);
    switch (message.type) {
      case 'digest/1':
        peers.onDigest(message);
        return catchUp.onDigest(message, turn.replyTo(from));
      case 'fetch/1':
        return catchUp.onFetch(message, turn.replyTo(from));
      case 'slots-request/1':
        return recovery.onRequest(message);
      case 'slots-reply/1':
        return recovery.onReply(message);
      case 'turn/1':
        return this.#turn(message, turn);
    }
  }

  async #turn(message: TurnMessage, turn: Turn): Promise<void> {
    const { ballots, inbound, catchUp } = this.#p;
    const { from } = message;
    turn.received.push(...message.documents);
    // Votes first: they open the ballots that the bodies beside them belong to.
    if (ballots.mayVote) await this.#votes(message, turn);
    for (const { digest, bytes } of inbound.bodies(message)) {
      await ballots.takeBody(digest, bytes, turn);
    }
    for (const certificate of inbound.certificates(message)) {
      const reach = await ballots.takeCertificate(certificate, turn);
      if (reach === 'ahead') catchUp.fetch(from, certificate.instance.target);
    }
    for (const value of new Set(message.wants)) await this.#want(value, turn.replyTo(from));
  }

  async #want(value: ValueId, { bodies }: Reply): Promise<void> {
    if (bodies.length >= turnBodiesMax || bodies.some(({ digest }) => digest === value)) return;
    const body = await this.#p.ballots.bodyOf(value);
    if (body) bodies.push({ digest: value, bytes: toBase64(body) });
  }

  async #votes(message: TurnMessage, turn: Turn): Promise<void> {
    const { ballots, inbound, firstSeen } = this.#p;
    const { from } = message;
    for (const vote of inbound.votes(message)) {
      if (!(await this.#concerns(from, vote.instance, turn))) continue;
      await ballots.step(vote.instance, { type: 'vote', vote }, turn);
      firstSeen.noteOther(vote, ballots.get(vote.instance), turn);
    }
    for (const { instance, quorum } of inbound.quorums(message)) {
      if (!(await this.#concerns(from, instance, turn))) continue;
      await ballots.step(instance, { type: 'quorum', quorum }, turn);
    }
  }

  /** Whether the instance is open here; what else it is, is seen to. */
  async #concerns(from: string, instance: Instance, turn: Turn): Promise<boolean> {
    const { target, version } = instance;
    switch (this.#p.ballots.reach(instance)) {
      case 'open':
        return true;
      case 'decided':
        await this.#p.catchUp.answer(target, version, turn.replyTo(from));
        return false;
      case 'ahead':
        this.#p.catchUp.fetch(from, target);
        return false;
      case 'foreign':
        return false;
    }
  }
}
