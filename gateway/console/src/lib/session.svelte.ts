/**
 * Who is looking: the session that the gateway keeps for this browser.
 */
import type { Role } from '#protocols/messages/manifest.ts';
import { del, get, onSessionEnd, Problem, post, problemOf, put } from './api.ts';
import { hasRole } from './roles.ts';
import { startAfresh } from './router.svelte.ts';
import { onOtherTab, tellTabs } from './tabs.ts';
import type { SessionWire } from './wire.ts';

/** starting: not yet known; in: there is a session; out: there is none. */
type Phase = 'starting' | 'in' | 'out';

let current = $state.raw<SessionWire | null>(null);
let phase = $state<Phase>('starting');
let problem = $state.raw<Problem | null>(null);

onSessionEnd(() => {
  // While logging in, a refused code says nothing about the session that may be there already.
  if (phase !== 'in') return;
  problem = new Problem(401, { detail: 'The session has ended.' });
  leave();
});
// Their cookie is ours: without this, one tenant's name would stand above another's data.
onOtherTab(() => void session.check());

export const session = {
  get current(): SessionWire | null {
    return current;
  },
  get phase(): Phase {
    return phase;
  },
  /** Why there is no session, where that is worth saying. */
  get problem(): Problem | null {
    return problem;
  },

  /** Asks whether this browser has a session already. */
  async start(): Promise<void> {
    try {
      enter(await get<SessionWire>('/session'));
    } catch (error) {
      const found = problemOf(error);
      if (found.status !== 401) problem = found;
      leave();
    }
  },

  /** Whether the gateway still knows us; api.ts ends the session where it does not. */
  async check(): Promise<boolean> {
    try {
      enter(await get<SessionWire>('/session'));
      return true;
    } catch {
      return false; // not reachable: the live stream shows that, and goes on trying
    }
  },

  /** Trades a one-time login code for a session. */
  async login(code: string): Promise<void> {
    phase = 'starting';
    problem = null;
    try {
      enter(await post<SessionWire>('/session', { code }));
      tellTabs();
    } catch (error) {
      // A link opened a second time in a browser that is logged in changes nothing.
      await session.start();
      if (current === null) problem = problemOf(error);
    }
  },

  async switchTenant(tenant: string): Promise<void> {
    enter(await put<SessionWire>('/session', { tenant }));
    tellTabs();
  },

  async logout(): Promise<void> {
    try {
      await del('/session');
    } catch (error) {
      if (problemOf(error).status !== 401) throw error;
    }
    problem = null;
    leave();
    tellTabs();
  },

  can(role: Role): boolean {
    return current !== null && hasRole(current.roles, role);
  },
};

function enter(found: SessionWire): void {
  if (current !== null && current.tenant !== found.tenant) startAfresh();
  current = found;
  problem = null;
  phase = 'in';
}

function leave(): void {
  current = null;
  phase = 'out';
}
