/**
 * Console sessions: a login code, or the bearer token of an identity provider, is traded for a
 * cookie.
 *
 * The cookie is a signed token, so nothing is kept for a session that goes on. Kept, durably,
 * are only the sessions that were left, each until it would have expired anyway.
 */
import { EventEmitter } from 'node:events';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from '#regions/config.ts';
import type { RegionNode } from '#regions/node.ts';
import { audiences, type Issuer } from './issuer.ts';
import { type LoginGrant, takeLoginCode } from './login-codes.ts';
import { type Identity, localVerifier, SessionClaims } from './tokens.ts';

export interface SessionsOptions {
  readonly issuer: Issuer;
  readonly region: Pick<RegionNode, 'remember' | 'recall'>;
  readonly config: Pick<Config, 'dataDir' | 'limits' | 'mode' | 'jwks'>;
}

export interface Begun {
  readonly identity: Identity;
  /** The value of the cookie. */
  readonly cookie: string;
}

export interface Sessions {
  /** Throws `unauthenticated` for a code that is unknown, expired or used. */
  begin(code: string): Promise<Begun>;
  /** A session for whom a bearer token names, no longer than the token lives. */
  beginFor(bearer: Identity): Promise<Begun>;
  /** Whom a cookie names; throws `unauthenticated`. */
  identify(cookie: string): Promise<Identity>;
  /** The same session for another of its tenants; throws `forbidden`. */
  switchTo(identity: Identity, tenant: string): Promise<Begun>;
  /** Resolves once no cookie of the session is accepted any more, nor after a restart. */
  end(identity: Identity): Promise<void>;
  /** Hears that a session was ended, for what outlives a request; returns the unsubscriber. */
  onEnd(sessionId: string, listener: () => void): () => void;
}

/** The key says it all. */
const mark = Uint8Array.of(1);

export function openSessions(options: SessionsOptions): Sessions {
  const { issuer, region, config } = options;
  const ttlMs = config.limits.sessionTtlSeconds * 1000;
  const verifyCookie = localVerifier(issuer.jwks, audiences.session, SessionClaims);
  // One listener each event stream.
  const ended = new EventEmitter().setMaxListeners(config.limits.eventStreamsMax);
  const beginAs = async (identity: Identity): Promise<Begun> => ({
    identity,
    cookie: await issuer.mintSession({ ...identity, sessionId: sessionIdOf(identity) }),
  });
  return {
    begin: async (code) => {
      if (config.mode === 'production' && config.jwks !== undefined) {
        throw refused('who logs in here is up to the identity provider');
      }
      const grant = await takeLoginCode(config.dataDir, code);
      if (!grant) throw refused('the login code was used or has expired; ask for a new link');
      return beginAs(newIdentity(grant, ttlMs));
    },
    beginFor: ({ subject, roles, tenants, expiresAt }) =>
      beginAs(
        newIdentity({ subject, roles, tenants }, Math.min(ttlMs, expiresAt - systemClock.now())),
      ),
    identify: async (cookie) => {
      const { sid, sub, tenant_id: tenant, roles, tenants, exp } = await verifyCookie(cookie);
      if (await region.recall(leftKey(sid, tenants))) throw refused('the session has ended');
      return { subject: sub, tenant, roles, tenants, expiresAt: exp * 1000, sessionId: sid };
    },
    switchTo: async (identity, tenant) => {
      if (!identity.tenants.includes(tenant)) {
        throw new QuorateError('forbidden', 'the session is not for this tenant', {
          field: 'tenant',
        });
      }
      return beginAs({ ...identity, tenant });
    },
    end: async (identity) => {
      const sessionId = sessionIdOf(identity);
      const key = leftKey(sessionId, identity.tenants);
      await region.remember(key, mark, identity.expiresAt);
      ended.emit(sessionId);
    },
    onEnd: (sessionId, listener) => {
      ended.on(sessionId, listener);
      return () => ended.off(sessionId, listener);
    },
  };
}

function newIdentity(who: Omit<LoginGrant, 'expiresAt'>, ttlMs: number): Identity {
  const { subject, roles, tenants } = who;
  const [tenant = ''] = tenants;
  const expiresAt = Math.floor((systemClock.now() + ttlMs) / 1000) * 1000;
  return { subject, tenant, roles, tenants, expiresAt, sessionId: crypto.randomUUID() };
}

/**
 * A kind of fact each tenant, the first of the session, which a switch does not change: who logs
 * in and out all day must not push out that somebody of another tenant has left.
 */
function leftKey(sessionId: string, [tenant = '']: readonly string[]): string {
  return `session-${tenant}/${sessionId}`;
}

function sessionIdOf({ sessionId }: Identity): string {
  if (sessionId !== null) return sessionId;
  throw new QuorateError('invalid-input', 'a bearer token has no session to change', {
    field: 'authorization',
  });
}

function refused(message: string): QuorateError {
  return new QuorateError('unauthenticated', message, { field: 'code' });
}
