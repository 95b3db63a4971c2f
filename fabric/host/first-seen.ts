/**
 * Which candidates are news: each is a step of the decision, and audited once.
 *
 * A ballot holds one candidate a member, and only what it holds is news: whatever else a member
 * may send leaves no trace in the log. Whether a candidate is a counter is known of our own; of
 * others, the first of an instance is taken for the candidate and the rest for counters.
 */

import type { Metrics } from '#fabric/ports.ts';
import type { BallotState } from '#protocols/ballot/state.ts';
import { decisionId, instanceKey, type ValueId } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Ledger } from './ledger.ts';
import type { Turn } from './turn.ts';

export interface FirstSeenOptions {
  readonly federation: string;
  readonly self: string;
  readonly ledger: Ledger;
  readonly metrics: Metrics;
}

export class FirstSeen {
  readonly #o: FirstSeenOptions;
  /** Own candidates that were put forward as counters and are not cast yet. */
  readonly #counters = new Set<ValueId>();

  constructor(options: FirstSeenOptions) {
    this.#o = options;
  }

  expectCounter(value: ValueId): void {
    this.#counters.add(value);
  }

  /** Takes note of a candidate that we cast. */
  noteOwn(vote: SignedVote, turn: Turn): void {
    if (vote.step !== 'candidate') return;
    const counter = this.#counters.delete(vote.value);
    this.#o.metrics.count(counter ? 'counters_total' : 'candidates_total');
    this.#note(vote, counter, turn);
  }

  /** Takes note of another member's candidate, if its ballot holds it. */
  noteOther(vote: SignedVote, ballot: BallotState | null, turn: Turn): void {
    const held = ballot?.members.get(vote.member)?.candidate;
    if (vote.step !== 'candidate' || held?.value !== vote.value) return;
    const isFirst = this.#o.ledger.seqsOf(instanceKey(vote.instance)).length === 0;
    this.#note(vote, !isFirst, turn);
  }

  /** Once: its decision id is in the log from then on. */
  #note(vote: SignedVote, counter: boolean, turn: Turn): void {
    const { federation, ledger } = this.#o;
    const id = decisionId(federation, vote.instance, vote.value);
    const isNoted = turn.candidates.some((other) => other.vote.value === vote.value);
    if (!isNoted && ledger.seqsOf(id).length === 0) turn.candidates.push({ vote, counter });
  }
}
