import { expect, test } from 'vitest';
import { checksOf, faultOf } from '#regions/checks.ts';

interface Around {
  readonly connected?: boolean;
  readonly peers?: readonly string[];
}

function coreWith(
  tenants: readonly string[] = [],
  { connected = true, peers = ['b', 'c'] }: Around = {},
): Parameters<typeof checksOf>[0] {
  const degraded = tenants.map((tenant) => ({ tenant, agent: 'observer' }));
  const standing = { voting: true, reason: 'votes' };
  const members = ['a', 'b', 'c'].map((id) => ({ id }));
  const transport = { standing: () => ({ connected, reason: 'wire' }), peers: () => peers };
  const constitution = { epoch: { members, faultModel: 'crash' } };
  return {
    host: { standing: () => standing },
    actors: { degraded: () => degraded },
    context: { id: 'a', constitution, ports: { transport } },
  } as never;
}

test('a region whose agents all run has no fault', () => {
  expect(checksOf(coreWith()).every(({ ok }) => ok)).toBe(true);
  expect(faultOf(coreWith())).toBeNull();
});

// Readiness is public, and the other regions show the reason to their own tenants.
test('a fault says how many tenants are concerned, and names none of them', () => {
  const core = coreWith(['acme', 'acme', 'globex']);
  expect(faultOf(core)).toBe('agents of 2 tenants stopped');
  expect(JSON.stringify(checksOf(core))).not.toMatch(/acme|globex/);
});

test('a region without a quorum of others in reach says so, and it is no fault of its own', () => {
  const alone = coreWith([], { connected: false, peers: [] });
  const checks = Object.fromEntries(checksOf(alone).map(({ name, ok }) => [name, ok]));
  expect(checks).toMatchObject({ voting: true, fabric: false, quorum: false });
  expect(checksOf(alone).find(({ name }) => name === 'quorum')?.reason).toBe(
    '2 of 3 needed, 1 reachable',
  );
  expect(faultOf(alone)).toBeNull();
  expect(checksOf(coreWith([], { peers: ['b'] })).every(({ ok }) => ok)).toBe(true);
});
