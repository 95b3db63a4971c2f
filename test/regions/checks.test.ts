import { expect, test } from 'vitest';
import { checksOf, faultOf } from '#regions/checks.ts';

function coreWith(...tenants: readonly string[]): Parameters<typeof checksOf>[0] {
  const degraded = tenants.map((tenant) => ({ tenant, agent: 'observer' }));
  const standing = { voting: true, reason: 'votes' };
  return { host: { standing: () => standing }, actors: { degraded: () => degraded } } as never;
}

test('a region whose agents all run has no fault', () => {
  expect(checksOf(coreWith()).every(({ ok }) => ok)).toBe(true);
  expect(faultOf(coreWith())).toBeNull();
});

// Readiness is public, and the other regions show the reason to their own tenants.
test('a fault says how many tenants are concerned, and names none of them', () => {
  const core = coreWith('acme', 'acme', 'globex');
  expect(faultOf(core)).toBe('agents of 2 tenants stopped');
  expect(JSON.stringify(checksOf(core))).not.toMatch(/acme|globex/);
});
