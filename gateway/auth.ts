/**
 * Who is calling: the hook in front of every route that is not public.
 *
 * A caller shows a bearer token, or the cookie of a console session; a token wins over a cookie.
 * The tenant comes from there and from nowhere else (policy P5).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { QuorateError } from '#protocols/errors.ts';
import type { Role } from '#protocols/messages/manifest.ts';
import type { Caller } from '#regions/node.ts';
import { sessionCookieOf } from './cookies.ts';
import { changesSomething, refuseForeignOrigin } from './origin.ts';
import type { Authenticate, Identity } from './tokens.ts';

const ranks: readonly Role[] = ['viewer', 'operator', 'approver', 'org-admin', 'federation-admin'];

export interface Doors {
  readonly bearer: Authenticate;
  readonly cookie: Authenticate;
  /** Told of every refused token before the refusal is answered; may refuse more harshly. */
  onRefused(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Every route but the public ones asks who calls, and for the role its config names. */
export function requireCallers(app: FastifyInstance, doors: Doors): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    const { isPublic, role } = request.routeOptions.config;
    if (request.is404) return;
    if (isPublic) {
      // What a public route changes is a browser's session: no other site's business.
      if (changesSomething(request)) refuseForeignOrigin(request, { isRequired: false });
      return;
    }
    const caller = await countRefusal(identify(request, doors), () =>
      doors.onRefused(request, reply),
    );
    if (!hasRole(caller, role ?? 'viewer')) {
      throw new QuorateError('forbidden', `this needs the role ${role} or higher`, {
        field: 'roles',
      });
    }
    request.caller = caller;
  });
  app.addHook('preHandler', async (request) => {
    const tenant = (request.body as { tenant_id?: string } | null | undefined)?.tenant_id;
    if (tenant !== undefined && request.caller && tenant !== request.caller.tenant) {
      throw new QuorateError('forbidden', 'tenant_id is not the tenant of the token', {
        field: 'tenant_id',
      });
    }
  });
}

/** What nobody may try too often: `count` hears of a refusal before it is answered. */
export async function countRefusal<T>(attempt: Promise<T>, count: () => Promise<void>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'unauthenticated') await count();
    throw error;
  }
}

async function identify(request: FastifyRequest, doors: Doors): Promise<Identity> {
  const cookie = sessionCookieOf(request);
  if (request.headers.authorization !== undefined || cookie === null) {
    return doors.bearer(bearerOf(request));
  }
  if (changesSomething(request)) refuseForeignOrigin(request, { isRequired: true });
  return doors.cookie(cookie);
}

function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization ?? '';
  const [scheme, token, ...rest] = header.split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0) {
    throw unknownCaller();
  }
  return token;
}

function unknownCaller(): QuorateError {
  return new QuorateError(
    'unauthenticated',
    'send a bearer token in the Authorization header, or log in',
    { field: 'authorization' },
  );
}

/** Roles are a ladder: a higher one may do what the lower may. */
export function hasRole(caller: Pick<Caller, 'roles'>, least: Role): boolean {
  return caller.roles.some((role) => ranks.indexOf(role) >= ranks.indexOf(least));
}

export function callerOf(request: FastifyRequest): Identity {
  if (!request.caller) throw unknownCaller();
  return request.caller;
}
