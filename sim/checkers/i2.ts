/**
 * I2: no honest key signs two values for one (instance, round, step); and what makes it hold
 * across crashes: before anyone hears a region's vote, its disk holds that vote, a later round's
 * of the same step (an older slot is never signed), or the instance's certificate.
 */
import { canonical } from '#protocols/canonical.ts';
import { instanceKey } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { CheckContext, Checker } from './checker.ts';

export function checkOneVote({ report }: CheckContext): Checker {
  const signed = new Map<string, string>();
  const durable = new Set<string>();
  /** The newest round on disk, by member, instance and step. */
  const newest = new Map<string, number>();
  const decided = new Set<string>();

  function record(vote: SignedVote, slot: string): void {
    const known = signed.get(slot);
    if (known !== undefined && known === vote.value) return;
    signed.set(slot, vote.value);
    if (known !== undefined) report(`${slot} is signed for ${known} and for ${vote.value}`);
  }

  return {
    invariant: 'I2',
    see(happening) {
      const { region, type } = happening;
      if (type === 'vote.durable') {
        const slot = slotOf(happening.vote);
        const { round } = happening.vote;
        durable.add(`${slot}=${contentOf(happening.vote)}`);
        newest.set(
          stepOf(happening.vote),
          Math.max(round, newest.get(stepOf(happening.vote)) ?? 0),
        );
        record(happening.vote, slot);
      } else if (type === 'certificate.durable') {
        decided.add(`${region} ${instanceKey(happening.certificate.instance)}`);
      } else if (type === 'vote.said') {
        const { vote } = happening;
        const slot = slotOf(vote);
        record(vote, slot);
        if (vote.member !== region) return;
        const isKept =
          durable.has(`${slot}=${contentOf(vote)}`) ||
          (newest.get(stepOf(vote)) ?? 0) > vote.round ||
          decided.has(`${region} ${instanceKey(vote.instance)}`);
        if (!isKept) report(`${slot} is said and not on disk`);
      }
    },
  };
}

function slotOf(vote: SignedVote): string {
  return `${stepOf(vote)} ${vote.round}`;
}

function stepOf({ member, instance, step }: SignedVote): string {
  return `${member} ${instanceKey(instance)} ${step}`;
}

function contentOf({ value, judgement }: SignedVote): string {
  return judgement ? canonical({ value, judgement }) : value;
}
