/**
 * I3: a prevote against one's lock happens only with q prevotes of one round vr for the other
 * value, lockedRound <= vr < r.
 *
 * The lock is the member's newest precommit for a value below the prevote's round. The checker
 * knows every vote that was ever said or durable, so it never accuses a member that held a
 * quorum; one that could not have held it is for the ballot's own properties to find.
 */
import { instanceKey, nilValue, type ValueId } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import { quorumOf } from '#protocols/quorum.ts';
import type { CheckContext, Checker } from './checker.ts';

interface InstanceVotes {
  /** Members by `round value`. */
  readonly prevotes: Map<string, Set<string>>;
  /** Precommits for a value, by member. */
  readonly locks: Map<string, { readonly round: number; readonly value: ValueId }[]>;
  /** Prevotes already judged. */
  readonly seen: Set<string>;
}

export function checkLocks({ epoch, report }: CheckContext): Checker {
  const quorum = quorumOf(epoch.members.length, epoch.faultModel);
  const instances = new Map<string, InstanceVotes>();

  function votesOf(key: string): InstanceVotes {
    const known = instances.get(key);
    if (known) return known;
    const fresh = { prevotes: new Map(), locks: new Map(), seen: new Set<string>() };
    instances.set(key, fresh);
    return fresh;
  }

  function checkPrevote(vote: SignedVote, votes: InstanceVotes): void {
    const earlier = (votes.locks.get(vote.member) ?? []).filter(({ round }) => round < vote.round);
    const lock = earlier.toSorted((a, b) => b.round - a.round)[0];
    if (!lock || lock.value === vote.value) return;
    for (let round = lock.round; round < vote.round; round += 1) {
      const members = votes.prevotes.get(`${round} ${vote.value}`)?.size ?? 0;
      if (vote.value !== nilValue && members >= quorum) return;
    }
    report(
      `${vote.member} prevotes ${vote.value} in round ${vote.round} of ` +
        `${instanceKey(vote.instance)} against its lock on ${lock.value} of round ${lock.round}`,
    );
  }

  return {
    invariant: 'I3',
    see(happening) {
      if (happening.type !== 'vote.said' && happening.type !== 'vote.durable') return;
      const { vote } = happening;
      const votes = votesOf(instanceKey(vote.instance));
      const name = `${vote.member} ${vote.step} ${vote.round} ${vote.value}`;
      if (votes.seen.has(name)) return;
      votes.seen.add(name);
      if (vote.step === 'precommit' && vote.value !== nilValue) {
        const locks = votes.locks.get(vote.member) ?? [];
        votes.locks.set(vote.member, [...locks, { round: vote.round, value: vote.value }]);
      } else if (vote.step === 'prevote') {
        const key = `${vote.round} ${vote.value}`;
        votes.prevotes.set(key, (votes.prevotes.get(key) ?? new Set()).add(vote.member));
        checkPrevote(vote, votes);
      }
    },
  };
}
