/**
 * What a region remembers for its gateway, without a disk: for tests of the gateway alone.
 */
import type { RegionNode } from '#regions/node.ts';

export function factsInMemory(): Pick<RegionNode, 'remember' | 'recall'> {
  const facts = new Map<string, { readonly fact: Uint8Array; readonly until: number }>();
  return {
    remember: async (key, fact, until) => {
      facts.set(key, { fact, until });
    },
    recall: async (key) => {
      const found = facts.get(key);
      return found && found.until > Date.now() ? found.fact : null;
    },
  };
}
