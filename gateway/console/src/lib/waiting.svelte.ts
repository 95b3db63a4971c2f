/** How many decisions wait for people: in the navigation and in the window's title. */
import { get } from './api.ts';
import { onNews, resource } from './resource.svelte.ts';
import { ticking } from './ticking.svelte.ts';
import type { PageWire, PendingWire } from './wire.ts';

let expiries = $state.raw<readonly number[]>([]);

export const waiting = {
  get count(): number {
    const at = ticking.now;
    return expiries.filter((expiry) => expiry > at).length;
  },
};

/** Entries after which another number of decisions may wait. */
const steps: readonly string[] = ['gate', 'approval', 'released', 'outcome', 'stop', 'certificate'];

/** Follows the tenant's inbox; from a component's script. */
export function followWaiting(tenant: string): void {
  const inbox = resource(async () => {
    const { items } = await get<PageWire<PendingWire>>(`/pending/${tenant}`);
    return items.map(({ expires_at: at }) => (at ? Date.parse(at) : Number.POSITIVE_INFINITY));
  });
  // Not in the reading: a late answer would be another tenant's.
  $effect(() => {
    expiries = inbox.data ?? [];
  });
  onNews(
    (entry) => steps.includes(entry.step),
    () => void inbox.reload(),
  );
}
