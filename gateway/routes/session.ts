/**
 * The console's session: log in with a code, look, switch the tenant, leave.
 */
import Type, { type Static } from 'typebox';
import { Name } from '#protocols/messages/common.ts';
import { callerOf, countRefusal } from '../auth.ts';
import type { Routes } from '../context.ts';
import { setSessionCookie } from '../cookies.ts';
import { closed } from '../views/common.ts';
import { SessionWire, sessionWire } from '../views/session.ts';

const LoginBody = Type.Union([
  Type.Object(
    { code: Type.String({ minLength: 1, maxLength: 64, description: 'From a login link' }) },
    closed,
  ),
  Type.Object(
    { token: Type.String({ minLength: 1, maxLength: 8192, description: 'A bearer token' }) },
    closed,
  ),
]);
const TenantBody = Type.Object({ tenant: Name }, closed);

const loginOptions = {
  schema: { body: LoginBody, response: { 201: SessionWire } },
  config: {
    isPublic: true,
    summary: 'Trades a login code, once, or a bearer token for the session cookie',
  },
} as const;

const lookOptions = {
  schema: { response: { 200: SessionWire } },
  config: { summary: 'Who the caller is, by cookie or by bearer token' },
} as const;

const switchOptions = {
  schema: { body: TenantBody, response: { 200: SessionWire } },
  config: { isRepeatable: true, summary: 'Switches the session to another of its tenants' },
} as const;

const leaveOptions = {
  schema: { response: { 204: Type.Null({ description: 'The session has ended' }) } },
  config: { isRepeatable: true, summary: 'Ends the session for good' },
} as const;

export const sessionRoutes: Routes = async (app, context) => {
  const { sessions, authenticate, limits } = context;
  const begin = async (body: Static<typeof LoginBody>) =>
    'code' in body ? sessions.begin(body.code) : sessions.beginFor(await authenticate(body.token));

  app.post('/session', loginOptions, async (request, reply) => {
    const { identity, cookie } = await countRefusal(begin(request.body), () =>
      limits.refused(request, reply),
    );
    setSessionCookie(reply, cookie, identity.expiresAt);
    reply.code(201);
    return sessionWire(identity, context);
  });

  app.get('/session', lookOptions, async (request) => sessionWire(callerOf(request), context));

  app.put('/session', switchOptions, async (request, reply) => {
    const { identity, cookie } = await sessions.switchTo(callerOf(request), request.body.tenant);
    setSessionCookie(reply, cookie, identity.expiresAt);
    return sessionWire(identity, context);
  });

  app.delete('/session', leaveOptions, async (request, reply) => {
    await sessions.end(callerOf(request));
    setSessionCookie(reply, '', null);
    return reply.code(204).send(null);
  });
};
