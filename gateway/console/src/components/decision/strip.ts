/**
 * How each region stands on a decision: one word a region, for a strip of glyphs in a list.
 *
 * A region stands where its newest prevote is, since that is its own judgement; a precommit only
 * says that it saw a quorum. Whoever may vote and was not heard has a place in the strip too.
 */
import type { Look } from '../../lib/tones.ts';
import type { ProposalWire } from '../../lib/wire.ts';
import { meaningOf } from './values.ts';

export type Stance = 'accept' | 'reject' | 'other' | 'abort' | 'nil' | 'none' | 'equivocated';

export interface RegionStance {
  readonly region: string;
  readonly stance: Stance;
}

type Voted = Pick<ProposalWire, 'digest' | 'members' | 'votes' | 'equivocations'>;
type Vote = ProposalWire['votes'][number];

/** Rejecting is a region doing its work, not an alarm; two signed answers are one. */
const looks: Readonly<Record<Stance, Look>> = {
  accept: { tone: 'good', icon: 'check', label: 'accepts it' },
  reject: { tone: 'warn', icon: 'cross', label: 'rejects it' },
  other: { tone: 'info', icon: 'swap', label: 'is for another manifest' },
  abort: { tone: 'calm', icon: 'stop', label: 'is for doing nothing' },
  nil: { tone: 'calm', icon: 'dash', label: 'has no opinion' },
  none: { tone: 'calm', icon: 'dot', label: 'was not heard' },
  equivocated: { tone: 'bad', icon: 'warning', label: 'signed two answers' },
};

export function stanceLook(stance: Stance): Look {
  return looks[stance];
}

/** A region that voted without being a member of the epoch is shown too, after the members. */
export function regionsOf({ members, votes, equivocations }: Omit<Voted, 'digest'>): string[] {
  const named = [...votes, ...equivocations].map(({ region }) => region);
  return [...new Set([...members, ...named.sort()])];
}

export function stancesOf(proposal: Voted): readonly RegionStance[] {
  return regionsOf(proposal).map((region) => ({ region, stance: stanceOf(region, proposal) }));
}

export function stanceOf(region: string, proposal: Voted): Stance {
  if (proposal.equivocations.some((found) => found.region === region)) return 'equivocated';
  const own = proposal.votes.filter((vote) => vote.region === region);
  const vote = newest(own, 'prevote') ?? newest(own, 'precommit');
  if (!vote) return 'none';
  const meaning = meaningOf(vote.value, proposal);
  if (meaning === 'this') return 'accept';
  if (meaning === 'nil') return vote.verdict === 'reject' ? 'reject' : 'nil';
  return meaning;
}

/** One sentence for people who do not see the strip. */
export function stripWords(stances: readonly RegionStance[]): string {
  return stances.map(({ region, stance }) => `${region} ${looks[stance].label}`).join(', ');
}

function newest(votes: readonly Vote[], step: Vote['step']): Vote | undefined {
  return votes
    .filter((vote) => vote.step === step)
    .toSorted((a, b) => a.round - b.round)
    .at(-1);
}
