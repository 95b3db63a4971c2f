/**
 * Whether people fill a gate: the arithmetic that regions, edges and receipts share.
 *
 * Each person fills one place, whatever roles they hold; places are filled so that as many as
 * possible are (Kuhn's augmenting paths: a gate has few places). Whether an approval counts at
 * all is decided before.
 *
 * Pure.
 */
import type { Gate, Role } from './messages/manifest.ts';

/** A person whose approval counts. Each appears once. */
export interface Approver {
  readonly roles: readonly Role[];
  readonly mfa: boolean;
}

export function isGateFilled(gate: Gate, approvers: readonly Approver[]): boolean {
  const people = approvers.filter(({ mfa }) => mfa || !gate.mfa);
  if (gate.secondApprover && people.length < 2) return false;
  const places = gate.approvals.flatMap(({ role, count }) => Array<Role>(count).fill(role));
  const placeOf = new Map<number, number>();
  return places.every((_, place) => fill(place, { places, people, placeOf, asked: new Set() }));
}

interface Seating {
  readonly places: readonly Role[];
  readonly people: readonly Approver[];
  readonly placeOf: Map<number, number>;
  readonly asked: Set<number>;
}

/** Finds somebody for the place, moving people who have one to another where that helps. */
function fill(place: number, seating: Seating): boolean {
  const { places, people, placeOf, asked } = seating;
  const role = places[place];
  return people.some(({ roles }, person) => {
    if (role === undefined || asked.has(person) || !roles.includes(role)) return false;
    asked.add(person);
    const taken = placeOf.get(person);
    if (taken !== undefined && !fill(taken, seating)) return false;
    placeOf.set(person, place);
    return true;
  });
}
