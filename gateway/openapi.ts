/**
 * The OpenAPI 3.1 document and the page that shows it, wrapped around @fastify/swagger and its UI.
 *
 * The document is made from the very schemas that validate: the library reads each route as it is
 * added. What is added here is what a schema does not say: who may call, and which problems a kind
 * of operation answers.
 */
import swagger, {
  type FastifyDynamicSwaggerOptions,
  type SwaggerTransform,
} from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import Type from 'typebox';
import { sessionCookie } from './cookies.ts';
import { Problem, type ProblemCode, statusOf, titleOf } from './errors.ts';

type Node = Readonly<Record<string, unknown>>;

/** By the first part of the path. */
const tags: readonly { name: string; description: string; roots: readonly string[] }[] = [
  {
    name: 'decisions',
    description: 'What is put forward, voted on, approved, enacted and stopped.',
    roots: ['proposals', 'negotiate', 'pending', 'approve', 'status', 'stop'],
  },
  {
    name: 'evidence',
    description: 'The audit log, receipts and the signed heads that prove them.',
    roots: ['audit', 'events'],
  },
  {
    name: 'observations',
    description: 'Anomalies, the risk they mean and the incidents they make up.',
    roots: ['signals', 'risk', 'incidents'],
  },
  { name: 'federation', description: 'Members, epochs and trust.', roots: ['federation'] },
  { name: 'session', description: 'Who is logged in to the console.', roots: ['session'] },
  {
    name: 'system',
    description: 'Health, readiness, metrics and this document.',
    roots: ['health', 'livez', 'readyz', 'ready', 'metrics', 'openapi.json'],
  },
];

const description = [
  'Every route but the public ones needs a bearer token, or the cookie of a console session.',
  'The tenant comes from the token and from nowhere else: what another tenant owns is 404 to',
  'read and 403 to write. Unknown fields are refused. Every error is problem+json (RFC 9457)',
  'with a stable `type`. Lists are `{items, next}`, and `next` is the cursor of the next page.',
].join(' ');

/**
 * As strict as the page allows: only files of this gateway, and no request to anywhere else.
 * The style sheets of the page name images as data URLs.
 */
const pageCsp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves `/openapi.json` and `/docs`; call before the routes are added. */
export function describeRoutes(app: FastifyInstance, version: string): void {
  app.register(swagger, optionsFor(version));
  app.register(async (scope) => {
    scope.get(
      '/openapi.json',
      {
        schema: { response: { 200: Type.Object({}, { description: 'An OpenAPI 3.1 document' }) } },
        config: { isPublic: true, summary: 'This document' },
      },
      async () => app.swagger(),
    );
  });
  app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, isPublic: true };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: pageCsp,
      theme: { title: 'Quorate gateway' },
      uiConfig: { layout: 'BaseLayout', deepLinking: true, persistAuthorization: false },
    });
  });
}

function optionsFor(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Quorate gateway',
        version,
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'The gateway that answers' }],
      tags: tags.map(({ name, description: text }) => ({ name, description: text })),
      components: {
        schemas: { Problem },
        responses: problemResponses(),
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: sessionCookie,
            description: 'Set by POST /session; a change also needs an Origin of this gateway.',
          },
        },
      },
    },
    // The document is 3.1, where a constant is a constant.
    convertConstToEnum: false,
    transform: operationOf,
    transformObject: (document) =>
      'openapiObject' in document ? withProblems(document.openapiObject) : document.swaggerObject,
  };
}

const operationOf: SwaggerTransform = ({ schema, url, route, ...document }) => {
  if (schema?.hide || !('openapiObject' in document)) return { schema, url };
  const { isPublic, isRepeatable, role, summary } = route.config ?? {};
  const takesKey = route.method === 'POST' && !isPublic && !isRepeatable;
  const components = (document.openapiObject.components?.schemas ?? {}) as Components;
  const lifted = lift(schema ?? {}, components) as FastifySchema;
  return {
    url,
    schema: {
      ...lifted,
      operationId: operationId(route),
      tags: [tagOf(url)],
      ...(summary !== undefined && { summary }),
      ...(role !== undefined && { description: `Needs the role ${role} or a higher one.` }),
      ...(takesKey && { headers: withIdempotencyKey(schema?.headers) }),
      security: isPublic ? [] : [{ bearer: [] }, { session: [] }],
      response: answersOf(schema ?? {}, components),
    },
  };
};

/** Honoured before any route sees the request, so no route's own schema says it. */
function withIdempotencyKey(headers: unknown): Node {
  const { properties = {} } = (headers ?? {}) as { properties?: Node };
  const key = {
    type: 'string',
    pattern: '^[!-~]{1,255}$',
    description: 'A repeat with the same key and body gets the kept answer and has no effect.',
  };
  return { type: 'object', properties: { ...properties, 'idempotency-key': key } };
}

function answersOf({ response, produces }: FastifySchema, components: Components): Node {
  const answers = Object.entries((response ?? { 200: {} }) as Node).map(([status, answer]) => {
    const { type: kind, description: text } = answer as { type?: string; description?: string };
    const said = text ?? 'The answer';
    // Fastify's own way to say that there is no body.
    if (kind === 'null') return [status, { type: 'null', description: said }];
    const media = produces?.[0] ?? (kind === 'string' ? 'text/plain' : 'application/json');
    const content = { [media]: { schema: lift(answer, components) } };
    return [status, { description: said, content }];
  });
  return Object.fromEntries(answers) as Node;
}

type Components = Record<string, unknown>;

/**
 * Replaces every schema with an `$id` by a reference to its component. The library does so for
 * inner schemas only, and copies the outermost one into each operation.
 */
function lift(value: unknown, components: Components): unknown {
  if (Array.isArray(value)) return value.map((item) => lift(item, components));
  if (typeof value !== 'object' || value === null) return value;
  const { $id, ...rest } = value as Node;
  const lifted = () =>
    Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, lift(item, components)]));
  if (typeof $id !== 'string') return lifted();
  const name = componentName($id);
  if (!(name in components)) {
    components[name] = {};
    components[name] = lifted();
  }
  return { $ref: `#/components/schemas/${name}` };
}

/** `GET /audit/:id/proof` -> `getAuditByIdProof` */
function operationId({ method, url }: Pick<RouteOptions, 'method' | 'url'>): string {
  const words = url.split('/').map((part) =>
    part
      .replace(/^:/, 'by-')
      .split(/[^A-Za-z0-9]+/)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
  );
  return [String(method).toLowerCase(), ...words].join('');
}

function tagOf(url: string): string {
  const root = url.split('/')[1] ?? '';
  return tags.find(({ roots }) => roots.includes(root))?.name ?? root;
}

interface Operation {
  security?: readonly unknown[];
  parameters?: readonly { in: string }[];
  requestBody?: unknown;
  responses: Record<string, unknown>;
}

type Document = Extract<
  Parameters<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>[0],
  { openapiObject: unknown }
>['openapiObject'];

/** Which problems an operation may answer follows from what it takes. */
function withProblems(document: Document): Document {
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations ?? {}) as Operation[]) {
      for (const code of problemsOf(operation)) {
        operation.responses[statusOf(code)] ??= referTo(code);
      }
      operation.responses.default = referTo('internal');
    }
  }
  return document;
}

function problemsOf({ security, parameters = [], requestBody }: Operation): ProblemCode[] {
  const needsCaller = security !== undefined && security.length > 0;
  const hasPath = parameters.some((parameter) => parameter.in === 'path');
  return [
    ...(parameters.length > 0 || requestBody ? (['invalid-input'] as const) : []),
    ...(needsCaller ? (['unauthenticated', 'forbidden'] as const) : []),
    ...(hasPath ? (['not-found'] as const) : []),
    ...(requestBody ? (['conflict', 'too-large', 'unsupported-media-type'] as const) : []),
    ...(requestBody && hasPath ? (['gone'] as const) : []),
    'too-many-requests',
  ];
}

const documented: readonly ProblemCode[] = [
  'invalid-input',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'gone',
  'too-large',
  'unsupported-media-type',
  'too-many-requests',
  'internal',
];

function problemResponses() {
  const schema = { $ref: '#/components/schemas/Problem' };
  const responses = documented.map((code) => [
    pascal(code),
    { description: titleOf(code), content: { 'application/problem+json': { schema } } },
  ]);
  return Object.fromEntries(responses);
}

function referTo(code: ProblemCode): Node {
  return { $ref: `#/components/responses/${pascal(code)}` };
}

/** `dry-run/1` -> `DryRun`; a later version keeps its number. */
function componentName(id: string): string {
  const [name = '', version] = id.split('/');
  return version === '1' ? pascal(name) : `${pascal(name)}${version ?? ''}`;
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
