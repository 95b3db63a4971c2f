/** One person's requests to a gateway, from another machine than the browser. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ProposalWire } from '#gateway/views/proposal.ts';

export interface Asking {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  /** The decision once it has the status. */
  reaches(id: string, status: ProposalWire['status']): Promise<ProposalWire>;
}

const reachMsMax = 15_000;
const pollMs = 50;

/** Throws for every answer that is not good. */
export function askAs(url: string, token: string): Asking {
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const get = <T>(path: string) => ask<T>(path, {});
  return {
    get,
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
    reaches: async (id, status) => {
      for (let waited = 0; ; waited += pollMs) {
        const found = await get<ProposalWire>(`/proposals/${id}`);
        if (found.status === status) return found;
        if (waited > reachMsMax) throw new Error(`${id} is ${found.status}, not ${status}`);
        await pause(pollMs);
      }
    },
  };
}
