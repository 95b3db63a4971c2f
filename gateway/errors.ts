/**
 * Errors as HTTP answers: problem+json (RFC 9457), and the only place with status codes.
 *
 * A known error tells what is wrong and which field; an unknown one is a bug, is logged with
 * its request id and tells the caller nothing but that id.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { type ErrorCode, QuorateError } from '#protocols/errors.ts';
import type { GatewayLog } from './context.ts';

export type ProblemCode =
  | ErrorCode
  | 'internal'
  | 'unsupported-media-type'
  | 'timeout'
  | 'headers-too-large';

const problems: Readonly<Record<ProblemCode, readonly [status: number, title: string]>> = {
  'invalid-input': [400, 'The request is not valid'],
  unauthenticated: [401, 'A valid token or session is needed'],
  forbidden: [403, 'Not allowed'],
  'policy-violation': [403, 'A policy forbids this'],
  'not-found': [404, 'Not found'],
  timeout: [408, 'The request took too long to arrive'],
  conflict: [409, 'The state has moved on'],
  gone: [410, 'No longer available'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'The content type is not supported'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'Something is wrong here'],
  config: [500, 'Something is wrong here'],
  'data-folder-in-use': [500, 'Something is wrong here'],
  'port-in-use': [500, 'Something is wrong here'],
  'store-corrupt': [500, 'Something is wrong here'],
  'store-foreign': [500, 'Something is wrong here'],
  amnesia: [503, 'This region may not vote'],
  'verification-failed': [400, 'A signature or proof does not verify'],
  'not-ready': [503, 'Not ready'],
  unavailable: [503, 'Unavailable'],
};

const byFastifyCode: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_REOPENED_CLOSE_SERVER: 'not-ready',
  ERR_HTTP_REQUEST_TIMEOUT: 'timeout',
};

/** The HTTP status of an error code, for the reference. */
export function statusOf(code: ProblemCode): number {
  return problems[code][0];
}

export function titleOf(code: ProblemCode): string {
  return problems[code][1];
}

function typeOf(code: ProblemCode): string {
  return `https://quorate.dev/problems/${code}`;
}

/** Every `type` that an answer of this gateway may have. */
export const problemTypes = (Object.keys(problems) as ProblemCode[]).map(typeOf);

export const notReadyStatus = problems['not-ready'][0];

/** Whether a repeat of the same request would be answered the same. */
export function isKeptStatus(status: number): boolean {
  const passing = [problems.unauthenticated[0], problems['too-many-requests'][0]];
  return status < problems.internal[0] && !passing.includes(status);
}

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    request_id: Type.String(),
    retryable: Type.Boolean(),
    field: Type.Optional(Type.String()),
  },
  { $id: 'problem/1', additionalProperties: false },
);
export type Problem = Static<typeof Problem>;

export interface Fault {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly field?: string | undefined;
  readonly retryable?: boolean;
}

export function handleErrors(app: FastifyInstance, log: GatewayLog): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const fault = faultOf(error);
    if (problems[fault.code][0] >= 500 && fault.code !== 'not-ready') {
      log.error({ requestId: request.id, error: String(error.stack ?? error) }, 'request failed');
    }
    return answer(fault, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    answer(
      { code: 'not-found', detail: `no route ${request.method} ${pathOf(request)}` },
      request,
      reply,
    ),
  );
}

export function answer(fault: Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(fault, { instance: pathOf(request), requestId: request.id });
  if (fault.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="quorate"');
  return reply.code(problem.status).type('application/problem+json').send(problem);
}

export function problemOf(
  { code, detail, field, retryable }: Fault,
  { instance, requestId }: { readonly instance: string; readonly requestId: string },
): Problem {
  const [status, title] = problems[code];
  return {
    type: typeOf(code),
    title,
    status,
    detail,
    instance,
    request_id: requestId,
    retryable: retryable ?? status === notReadyStatus,
    ...(field && { field }),
  };
}

/** Without the query: it may hold what must not be repeated. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function faultOf(error: FastifyError): Fault {
  if (error instanceof QuorateError) {
    const { code, message, field, retryable } = error as QuorateError;
    // What an operator must repair is not the caller's business.
    if (problems[code][0] === 500) return internal;
    return { code, detail: message, field: field ?? undefined, retryable };
  }
  if (error.validation) return { code: 'invalid-input', ...validationFault(error) };
  const known = byFastifyCode[error.code];
  if (known) return { code: known, detail: error.message };
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return { code: 'invalid-input', detail: error.message };
  return internal;
}

const internal: Fault = { code: 'internal', detail: 'see the log for this request id' };

interface ValidationIssue {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: { readonly requiredProperties?: readonly string[] };
}

/** The most telling issue: the deepest, rather not one about the branch of a union. */
function validationFault(error: FastifyError): { detail: string; field: string } {
  const issues = error.validation as unknown as readonly ValidationIssue[];
  const [issue] = issues.toSorted((a, b) => weightOf(b) - weightOf(a));
  const path = (issue?.instancePath ?? '').slice(1).split('/').filter(Boolean);
  const missing = issue?.keyword === 'required' ? issue.params?.requiredProperties?.[0] : undefined;
  if (missing) path.push(missing);
  const field = path.join('.') || (error.validationContext ?? 'body');
  const what = missing
    ? 'is required'
    : issue?.keyword === 'boolean'
      ? 'is not a known field'
      : (issue?.message ?? 'is not valid');
  return { detail: `${field} ${what}`, field };
}

function weightOf(issue: ValidationIssue): number {
  const depth = issue.instancePath.split('/').length;
  const isBranch = issue.keyword === 'anyOf' || issue.keyword === 'const';
  const isAggregate = issue.keyword === 'additionalProperties';
  return depth * 4 - (isBranch ? 2 : 0) - (isAggregate ? 1 : 0);
}
