import { expect, test } from 'vitest';
import { type Approver, isGateFilled } from '#protocols/gate.ts';
import type { Gate, Role } from '#protocols/messages/manifest.ts';

const person = (...roles: Role[]): Approver => ({ roles, mfa: true });
const gate = (approvals: Gate['approvals'], rest: Partial<Gate> = {}): Gate => ({
  approvals,
  secondApprover: false,
  mfa: false,
  reasons: [],
  ...rest,
});
const both = gate([
  { role: 'approver', count: 1 },
  { role: 'org-admin', count: 1 },
]);

test('an empty gate is open', () => {
  expect(isGateFilled(gate([]), [])).toBe(true);
});

test('one person fills one place, whatever roles they hold', () => {
  const ann = person('approver', 'org-admin');
  expect(isGateFilled(both, [ann])).toBe(false);
  expect(isGateFilled(both, [ann, person('viewer')])).toBe(false);
});

test('places are filled in whichever way fills them all', () => {
  const ann = person('approver', 'org-admin');
  const bob = person('approver');
  expect(isGateFilled(both, [ann, bob])).toBe(true);
  expect(isGateFilled(both, [bob, ann])).toBe(true);
  expect(isGateFilled(both, [bob, person('approver')])).toBe(false);
  const two = gate([{ role: 'approver', count: 2 }]);
  expect(isGateFilled(two, [ann])).toBe(false);
  expect(isGateFilled(two, [ann, bob])).toBe(true);
});

test('a second approver is a second person, and MFA counts where it is asked for', () => {
  const one = [{ role: 'approver', count: 1 }] as Gate['approvals'];
  const second = gate(one, { secondApprover: true });
  expect(isGateFilled(second, [person('approver')])).toBe(false);
  expect(isGateFilled(second, [person('approver'), person('viewer')])).toBe(true);
  const plain = { ...person('approver'), mfa: false };
  expect(isGateFilled(gate(one, { mfa: true }), [plain])).toBe(false);
  expect(isGateFilled(gate(one, { mfa: true }), [plain, person('approver')])).toBe(true);
});
