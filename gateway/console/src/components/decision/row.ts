/** A decision as one row of a list: small, and worked out once, before anybody scrolls. */
import type { ProposalWire } from '../../lib/wire.ts';
import { type RegionStance, stancesOf } from './strip.ts';
import { actionOf } from './values.ts';

export interface DecisionRow {
  readonly id: string;
  readonly openedAt: string;
  /** `11-21 08:05:02`: in the reader's time zone, without the year. */
  readonly opened: string;
  readonly target: string;
  readonly action: string;
  readonly status: string;
  readonly impact: string | null;
  readonly stances: readonly RegionStance[];
  /** How long the regions took; null while they have not decided. */
  readonly decidedMs: number | null;
}

/** Made once: making it takes longer than drawing a row. */
const clock = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

export function rowOf(proposal: ProposalWire): DecisionRow {
  const { proposal_id: id, opened_at: openedAt, decided_at: decidedAt } = proposal;
  const { target, status, impact } = proposal;
  const decidedMs = decidedAt === null ? null : Date.parse(decidedAt) - Date.parse(openedAt);
  return {
    id,
    openedAt,
    opened: clock.format(Date.parse(openedAt)).slice('2026-'.length),
    target,
    action: actionOf(proposal),
    status,
    impact,
    stances: stancesOf(proposal),
    // A certificate that came from another region may be older than our first word of it.
    decidedMs: decidedMs === null ? null : Math.max(0, decidedMs),
  };
}

/** The steps of an audit log after which some row looks different. */
const newsSteps: ReadonlySet<string> = new Set([
  'candidate',
  'counter',
  'judgement',
  'certificate',
  'gate',
  'approval',
  'released',
  'intent',
  'outcome',
  'evidence',
]);

export function isRowNews({ step }: { readonly step: string }): boolean {
  return newsSteps.has(step);
}

/**
 * What a reader sees of a list that grows at its front: everything, or only from the row that was
 * first when the reading began. `fresh` says how many wait above.
 */
export function heldBack(
  rows: readonly DecisionRow[],
  front: string | null,
): { readonly rows: readonly DecisionRow[]; readonly fresh: number } {
  const fresh = front === null ? 0 : rows.findIndex(({ id }) => id === front);
  return fresh <= 0 ? { rows, fresh: 0 } : { rows: rows.slice(fresh), fresh };
}
