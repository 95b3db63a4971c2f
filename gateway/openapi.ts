/**
 * The OpenAPI 3.1 document, made from the very schemas that validate.
 *
 * A hook collects each route as it is added. Schemas with an `$id` become components and are
 * referred to; everything else stays where it is, since 3.1 is JSON Schema.
 */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { Problem } from './errors.ts';

type Node = Readonly<Record<string, unknown>>;

interface CollectedRoute {
  readonly method: string;
  readonly path: string;
  readonly options: RouteOptions;
}

/** Call before the routes are added; the result makes the document. */
export function collectRoutes(app: FastifyInstance, version: string): () => Node {
  const routes: CollectedRoute[] = [];
  app.addHook('onRoute', (options) => {
    for (const method of [options.method].flat()) {
      if (method !== 'HEAD') routes.push({ method, path: options.url, options });
    }
  });
  return () => documentOf(routes, version);
}

function documentOf(routes: readonly CollectedRoute[], version: string): Node {
  const components = new Map<string, unknown>();
  const problem = lift(Problem, components);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, options } of routes) {
    const template = path.replaceAll(/:([a-z_]+)/g, '{$1}');
    paths[template] ??= {};
    paths[template][method.toLowerCase()] = operationOf(options, problem, components);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Quorate gateway', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operationOf(
  options: RouteOptions,
  problem: unknown,
  components: Map<string, unknown>,
): Node {
  const { body, params, querystring, response } = (options.schema ?? {}) as Node;
  const parameters = [
    ...parametersOf(params, 'path', components),
    ...parametersOf(querystring, 'query', components),
  ];
  const answers = Object.entries((response ?? {}) as Node).map(([status, schema]) => [
    status,
    { description: 'The answer', content: contentOf(lift(schema, components)) },
  ]);
  return {
    ...(options.config?.summary && { summary: options.config.summary }),
    ...(options.config?.isPublic ? {} : { security: [{ bearer: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: contentOf(lift(body, components)) },
    }),
    responses: {
      ...Object.fromEntries(answers),
      default: {
        description: 'A problem (RFC 9457)',
        content: { 'application/problem+json': { schema: problem } },
      },
    },
  };
}

function contentOf(schema: unknown): Node {
  const isText = (schema as { type?: unknown }).type === 'string';
  return { [isText ? 'text/plain' : 'application/json']: { schema } };
}

function parametersOf(schema: unknown, place: string, components: Map<string, unknown>): Node[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Node;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: lift(property, components),
  }));
}

/** Replaces every schema with an `$id` by a reference to its component. */
function lift(value: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => lift(item, components));
  if (typeof value !== 'object' || value === null) return value;
  const { $id, ...rest } = value as Node;
  const lifted = () =>
    Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, lift(item, components)]));
  if (typeof $id !== 'string') return lifted();
  const name = componentName($id);
  if (!components.has(name)) {
    components.set(name, {});
    components.set(name, lifted());
  }
  return { $ref: `#/components/schemas/${name}` };
}

/** `dry-run/1` -> `DryRun`; a later version keeps its number. */
function componentName(id: string): string {
  const [name = '', version] = id.split('/');
  const pascal = name.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  return version === '1' ? pascal : `${pascal}${version ?? ''}`;
}
