/**
 * Values of options that several commands take, checked with the schemas of the messages.
 */
import { Value } from 'typebox/value';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';

/** `viewer, approver` as roles. */
export function rolesOf(text: string): Role[] {
  return text.split(',').map((name) => {
    const role = name.trim();
    if (!Value.Check(Role, role)) throw usage('--roles', `${role} is not a role`);
    return role;
  });
}

export function secondsOf(field: string, text: string, max: number): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= max) return seconds;
  throw usage(field, `expected seconds from 1 to ${max}`);
}

export function nameOf(field: string, text: string): string {
  if (Value.Check(Name, text)) return text;
  throw usage(field, 'expected lower-case letters, digits and hyphens');
}

export function usage(field: string, message: string): QuorateError {
  return new QuorateError('config', `${field}: ${message}`, { field });
}
