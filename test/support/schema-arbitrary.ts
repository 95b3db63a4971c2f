/**
 * Values that a JSON Schema accepts, for the part of JSON Schema that the gateway's documents use.
 *
 * Seeds make most of them worth asking: a tenant that is there, a decision that waits.
 */
import fc from 'fast-check';
import type { JsonSchema } from './http-routes.ts';

/** Long enough to matter, short enough to be fast. */
const textLengthMax = 300;
const itemsMax = 3;

export interface SchemaSource {
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** Values for a property or parameter of that name. */
  readonly seeds: Readonly<Record<string, fc.Arbitrary<unknown>>>;
}

export function arbitraryOf(
  schema: JsonSchema,
  source: SchemaSource,
  name = '',
): fc.Arbitrary<unknown> {
  const { seeds, components } = source;
  const seed = Object.hasOwn(seeds, name) ? seeds[name] : undefined;
  const plain = () => plainArbitrary(resolve(schema, components), source);
  if (!seed) return plain();
  return fc.oneof({ arbitrary: seed, weight: 9 }, { arbitrary: plain(), weight: 1 });
}

function resolve(schema: JsonSchema, components: SchemaSource['components']): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  if (name === undefined) return schema;
  const found = components[name];
  if (!found) throw new Error(`the document refers to ${name}, which it does not hold`);
  return found;
}

function plainArbitrary(schema: JsonSchema, source: SchemaSource): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => arbitraryOf(branch, source)));
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer(rangeOf(schema));
    case 'number':
      return fc.double({ ...rangeOf(schema), noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, source), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? itemsMax, itemsMax)),
      });
    case 'object':
      return objectOf(schema, source);
    case undefined:
      return fc.jsonValue({ maxDepth: 2 });
    default:
      throw new Error(`no values for the type ${String(schema.type)}`);
  }
}

function textOf({ pattern, minLength = 0, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) {
    const fits = (text: string) => text.length <= (maxLength ?? Number.POSITIVE_INFINITY);
    return fc.stringMatching(new RegExp(pattern)).filter(fits);
  }
  const longest = Math.min(maxLength ?? textLengthMax, textLengthMax);
  // Graphemes are counted, and one may be many code units.
  return fc
    .string({ unit: 'grapheme', minLength, maxLength: longest })
    .map((text) => text.slice(0, longest).toWellFormed());
}

function rangeOf({ minimum, maximum }: JsonSchema): { min: number; max: number } {
  return { min: minimum ?? -1_000_000, max: maximum ?? 1_000_000 };
}

function objectOf(schema: JsonSchema, source: SchemaSource): fc.Arbitrary<unknown> {
  const { properties, required = [], patternProperties, additionalProperties } = schema;
  if (properties) {
    const fields = Object.entries(properties).map(([name, field]) => [
      name,
      arbitraryOf(field, source, name),
    ]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: [...required],
      noNullPrototype: true,
    });
  }
  const [pattern, item] = Object.entries(patternProperties ?? {})[0] ?? [];
  const rest = item ?? (typeof additionalProperties === 'object' ? additionalProperties : {});
  const isFree = pattern === undefined || pattern === '^.*$';
  const keys = isFree ? fc.string({ maxLength: 20 }) : fc.stringMatching(new RegExp(pattern));
  return fc.dictionary(keys, arbitraryOf(rest, source), { maxKeys: itemsMax });
}
