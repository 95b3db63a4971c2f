/**
 * A secret: a value that cannot be printed by accident.
 *
 * The value lives in a closure, so no serialiser, inspector or template string reaches it; the
 * one way to it is reveal(), which is easy to search for.
 */
import { inspect } from 'node:util';

export const secretMask = '[secret]';

export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export function secretOf(value: string): Secret {
  return Object.freeze({
    reveal: () => value,
    toString: () => secretMask,
    toJSON: () => secretMask,
    [inspect.custom]: () => secretMask,
  });
}
