import { expect, test } from 'vitest';
import { hasRole } from '#gateway/auth.ts';
import { hasRole as hasRoleInConsole } from '#gateway/console/src/lib/roles.ts';
import {
  impactLook,
  severityLook,
  statusChoices,
  statusLook,
  verdictLook,
} from '#gateway/console/src/lib/tones.ts';
import { Judgement } from '#protocols/messages/ballot.ts';
import { Impact, Severity } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';

const literals = (union: { anyOf: readonly { const: string }[] }) =>
  union.anyOf.map((literal) => literal.const);

test('every status, impact, severity and verdict has a name and a shape of its own', () => {
  const looks = [
    ...statusChoices().map(({ value }) => statusLook(value)),
    ...literals(Impact as never).map(impactLook),
    ...literals(Severity as never).map(severityLook),
    ...literals(Judgement.properties.verdict as never).map(verdictLook),
  ];
  expect(looks.filter(({ icon }) => icon === 'dot')).toEqual([]);
});

test('a state of a later version is shown by its own name', () => {
  expect(statusLook('dreaming')).toMatchObject({ label: 'dreaming', tone: 'calm' });
});

test('the console and the gateway agree on who may do what', () => {
  const roles = literals(Role as never);
  for (const held of roles) {
    for (const least of roles) {
      const expected = hasRole({ roles: [held as never] }, least as never);
      expect(hasRoleInConsole([held], least as never), `${held} as ${least}`).toBe(expected);
    }
  }
});
