/** Roles are a ladder: a higher one may do what the lower may, as gateway/auth.ts has it. */
import type { Role } from '#protocols/messages/manifest.ts';

const ladder: readonly Role[] = ['viewer', 'operator', 'approver', 'org-admin', 'federation-admin'];

export function hasRole(roles: readonly string[], least: Role): boolean {
  return roles.some((role) => ladder.indexOf(role as Role) >= ladder.indexOf(least));
}
