/**
 * The session cookie, by @fastify/cookie; the only file that knows it.
 *
 * Scripts cannot read it, other sites cannot have it sent, and where the request came by https it
 * never travels without.
 */
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const sessionCookie = 'quorate_session';

export function readCookies(app: FastifyInstance): void {
  app.register(cookie);
}

export function sessionCookieOf(request: FastifyRequest): string | null {
  return request.cookies[sessionCookie] || null;
}

/** `expiresAt` in milliseconds; null takes the cookie away. */
export function setSessionCookie(
  reply: FastifyReply,
  value: string,
  expiresAt: number | null,
): void {
  reply.setCookie(sessionCookie, value, {
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    secure: reply.request.protocol === 'https',
    expires: new Date(expiresAt ?? 0),
  });
}
