/**
 * The configuration schema as a flat list of fields, and how text becomes a field's value.
 *
 * Environment variables and flags are text; files are typed already and are never converted.
 */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** What a field's schema says besides its type. */
export interface FieldSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly { readonly const?: unknown; readonly type?: string }[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, TSchema>>;
  /** Further environment variables that set this field. */
  readonly variables?: readonly string[];
  readonly secret?: boolean;
  /** A file or folder. */
  readonly path?: boolean;
  /** Accepted, but no part of this version reads it. */
  readonly unused?: boolean;
  /** In words, where the schema's own terms would not help. */
  readonly expected?: string;
}

export interface Field {
  /** Dotted: `limits.pageMax`. */
  readonly key: string;
  readonly schema: FieldSchema;
  /** The variables that set it, Quorate's own first. */
  readonly variables: readonly string[];
}

/** Every field of a schema of fields and groups of fields. */
export function fieldsOf(schema: TSchema, prefix = ''): readonly Field[] {
  const properties = (schema as FieldSchema).properties ?? {};
  return Object.entries(properties).flatMap(([name, property]) => {
    const key = `${prefix}${name}`;
    const field = property as FieldSchema;
    if (field.properties) return fieldsOf(property, `${key}.`);
    return [{ key, schema: field, variables: [variableOf(key), ...(field.variables ?? [])] }];
  });
}

/** `limits.pageMax` -> `QUORATE_LIMITS_PAGE_MAX` */
function variableOf(key: string): string {
  return `QUORATE_${key
    .replaceAll('.', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}

/** The value that a text means for a field; the text itself where it means none. */
export function convertText(field: Field, text: string): unknown {
  switch (field.schema.type) {
    case 'integer':
    case 'number':
      return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text.split(',').map((item) => item.trim());
    default:
      return text;
  }
}

export function isValid(field: Field, value: unknown): boolean {
  return Value.Check(field.schema as TSchema, value);
}

/** What a field accepts, in words. */
export function expectationOf({ schema }: Field): string {
  if (schema.expected) return schema.expected;
  const choices = schema.anyOf?.flatMap((choice) => (choice.const === undefined ? [] : [choice]));
  if (choices?.length) return choices.map((choice) => String(choice.const)).join(' or ');
  if (schema.type === 'integer' || schema.type === 'number') {
    const noun = schema.type === 'integer' ? 'an integer' : 'a number';
    if (schema.minimum !== undefined && schema.maximum !== undefined) {
      return `${noun} from ${schema.minimum} to ${schema.maximum}`;
    }
    return schema.minimum === undefined ? noun : `${noun} of at least ${schema.minimum}`;
  }
  if (schema.type === 'array') return 'a list (comma-separated in a variable or flag)';
  return schema.pattern ? `text of the form ${schema.pattern}` : 'text';
}
