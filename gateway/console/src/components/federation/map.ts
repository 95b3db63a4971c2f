/**
 * The federation map as data: where each region is drawn, how it is shown, whose votes arrived,
 * and what the loss of one more would mean.
 */
import type { Look, Tone } from '../../lib/tones.ts';
import type { FederationWire } from '../../lib/wire.ts';

export type Federation = FederationWire;
export type Member = FederationWire['members'][number];

const looks: Readonly<Record<Member['state'] | 'unknown', Look>> = {
  ready: { tone: 'good', icon: 'check', label: 'Ready' },
  degraded: { tone: 'warn', icon: 'warning', label: 'Degraded' },
  unreachable: { tone: 'bad', icon: 'cross', label: 'Unreachable' },
  unknown: { tone: 'calm', icon: 'dash', label: 'Unknown' },
};

/** `unknown`: the gateway itself does not answer, so what it said last may be wrong by now. */
export function memberLook(state: Member['state'] | 'unknown'): Look {
  return looks[state];
}

/** A region that said nothing for this long is silent, whatever it was called before. */
export const silentAfterMs = 15_000;

/**
 * How a region is shown. Ages are counted from the newest word of any region, not from this
 * computer's clock, which may be wrong.
 */
export function shownMember(member: Member, members: readonly Member[]): Member {
  if (member.state !== 'ready') return member;
  if (member.last_seen === null) {
    return { ...member, state: 'unreachable', reason: 'never heard of since this region started' };
  }
  const newest = Math.max(...members.map(({ last_seen }) => timeOf(last_seen)));
  const silentMs = newest - timeOf(member.last_seen);
  if (silentMs < silentAfterMs) return member;
  const reason = `silent for ${Math.round(silentMs / 1000)} s`;
  return { ...member, state: 'unreachable', reason };
}

function timeOf(at: string | null): number {
  return at === null ? Number.NEGATIVE_INFINITY : Date.parse(at);
}

export interface Spot {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export interface Ring {
  readonly width: number;
  readonly height: number;
  readonly center: { readonly x: number; readonly y: number };
  readonly spots: readonly Spot[];
}

/** Room for the mark of a region, and for its name and state beyond it. */
const edge = { side: 64, top: 66, bottom: 66 };

/**
 * Regions on an ellipse by name, the first at the top; the same set always looks the same. The
 * ring is stretched to fill the drawing: three regions leave the lower part of a circle empty.
 */
export function ringOf(ids: readonly string[], width: number, height: number): Ring {
  const angles = ids.map((_, index) => (2 * Math.PI * index) / ids.length - Math.PI / 2);
  const reach = (width - 2 * edge.side) / 2;
  const lowest = Math.max(0, ...angles.map(Math.sin));
  const perUnit = (height - edge.top - edge.bottom) / (1 + lowest);
  const center = { x: round(width / 2), y: round(edge.top + perUnit) };
  const spots = ids.toSorted().map((id, index) => {
    const angle = angles[index] ?? 0;
    return {
      id,
      x: round(center.x + reach * Math.cos(angle)),
      y: round(center.y + perUnit * Math.sin(angle)),
    };
  });
  return { width, height, center, spots };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

interface Voted {
  readonly votes: readonly { readonly region: string; readonly step: string }[];
  readonly certificate: { readonly signatures: readonly { readonly member: string }[] } | null;
}

export interface Arrived {
  /** Of the decisions looked at, in how many this region's votes are here. */
  readonly count: number;
  readonly of: number;
  /** Whether its vote for the newest decision is here. */
  readonly isNewest: boolean;
}

/** Whose votes arrived for these decisions, newest first. A candidate is no vote. */
export function votesArrived(
  ids: readonly string[],
  decisions: readonly Voted[],
): ReadonlyMap<string, Arrived> {
  const voters = decisions.map(({ votes, certificate }) => {
    const voted = votes.filter(({ step }) => step === 'prevote' || step === 'precommit');
    const signed = certificate?.signatures ?? [];
    return new Set([...voted.map(({ region }) => region), ...signed.map(({ member }) => member)]);
  });
  return new Map(
    ids.map((id) => {
      const count = voters.filter((voter) => voter.has(id)).length;
      return [id, { count, of: voters.length, isNewest: voters[0]?.has(id) ?? false }];
    }),
  );
}

export interface Outlook {
  readonly tone: Tone;
  readonly text: string;
}

/** What holds now, and what happens if one more region is lost. */
export function outlookOf({ members, quorum }: Federation): Outlook {
  const shown = members.map((member) => shownMember(member, members));
  const here = shown.filter(({ state }) => state !== 'unreachable').length;
  const reach = `${here} of ${members.length} regions can be reached`;
  const held = `${reach}, ${quorum} are needed to decide`;
  if (here < quorum) {
    const missing = quorum - here;
    return {
      tone: 'bad',
      text:
        `${held}. Nothing can be certified until ${counted(missing, 'more region')} ` +
        `${missing === 1 ? 'is' : 'are'} back. A stop still works at once.`,
    };
  }
  const spare = here - quorum;
  if (spare === 0) {
    return { tone: 'warn', text: `${held}. Losing one more stops decisions.` };
  }
  const rest = spare === 1 ? 'a second loss would stop them' : `${spare} losses are bearable`;
  return { tone: 'good', text: `${held}. Losing one more changes nothing; ${rest}.` };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
