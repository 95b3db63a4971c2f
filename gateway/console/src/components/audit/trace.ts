/** The whole trace of a decision or an incident, as far as anybody reads. */
import { get } from '../../lib/api.ts';
import type { AuditWire, PageWire } from '../../lib/wire.ts';

const pageLimit = 200;
/** A receipt has at most 4096 entries. */
const pagesMax = 21;

export async function readTrace(id: string): Promise<readonly AuditWire[]> {
  const entries: AuditWire[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const found: PageWire<AuditWire> = await get(`/audit/${id}?limit=${pageLimit}${after}`);
    entries.push(...found.items);
    cursor = found.next;
    if (cursor === null) break;
  }
  return entries;
}

/** The decisions that a trace is about: one, or those of an incident. */
export function decisionsIn(entries: readonly AuditWire[]): readonly string[] {
  return [...new Set(entries.flatMap(({ proposal_id }) => proposal_id ?? []))];
}
