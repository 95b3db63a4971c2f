/**
 * The newest signals, for drawing: as many pages as a drawing needs, and never more.
 */
import { get } from '../../lib/api.ts';
import type { PageWire, SignalWire } from '../../lib/wire.ts';

const pageLimit = 200;
/** 2000 dots are more than anybody tells apart; the list below goes on from there. */
const pagesMax = 10;

export interface RecentSignals {
  readonly items: readonly SignalWire[];
  /** There are older ones that were not read. */
  readonly hasMore: boolean;
}

/**
 * Reads them all the first time; after that only down to the first that is known, since signals
 * do not change. One that comes late, older than a page of others, is in the list and not here.
 */
export function recentSignals(): () => Promise<RecentSignals> {
  let held: RecentSignals = { items: [], hasMore: false };
  return async () => {
    held = join(await readDownTo(held), held);
    return held;
  };
}

async function readDownTo(held: RecentSignals): Promise<RecentSignals> {
  const known = new Set(held.items.map(({ signal_id }) => signal_id));
  const items: SignalWire[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const found: PageWire<SignalWire> = await get(`/signals?limit=${pageLimit}${query}`);
    items.push(...found.items);
    cursor = found.next;
    if (cursor === null || found.items.some(({ signal_id }) => known.has(signal_id))) break;
  }
  return { items, hasMore: cursor !== null };
}

function join(front: RecentSignals, held: RecentSignals): RecentSignals {
  const inFront = new Set(front.items.map(({ signal_id }) => signal_id));
  const rest = held.items.filter(({ signal_id }) => !inFront.has(signal_id));
  // Nothing in common: there may be others between the two.
  if (rest.length === 0 || rest.length === held.items.length) return front;
  const items = [...front.items, ...rest];
  const kept = items.slice(0, pageLimit * pagesMax);
  return { items: kept, hasMore: held.hasMore || kept.length < items.length };
}
