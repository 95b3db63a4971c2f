/**
 * Whether a token is genuine, and whom it names.
 *
 * Tokens come from the data folder's own issuer or, where the configuration names a key set (a
 * file or an https URL), from an identity provider; in production then from that provider alone.
 * The accepted algorithms are pinned, so neither `none` nor an HMAC with a public key gets in.
 */
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { Role } from '#protocols/messages/manifest.ts';
import type { Config } from '#regions/config.ts';
import type { Caller } from '#regions/node.ts';
import { audiences, localIssuer } from './issuer.ts';
import { openKeySet } from './key-set.ts';

const algorithms = ['EdDSA', 'RS256'];
/** Clocks of one machine agree; of two, within this. */
const clockToleranceSeconds = 5;
const tokenBytesMax = 8192;

/** A caller and how it proved who it is. */
export interface Identity extends Caller {
  /** What the caller may switch to; the own tenant is one of them. */
  readonly tenants: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** Null for a bearer token. */
  readonly sessionId: string | null;
}

/** Turns a bearer token into an identity, or throws `unauthenticated`. */
export type Authenticate = (token: string) => Promise<Identity>;

const common = {
  sub: Name,
  exp: Type.Number(),
  roles: Type.Array(Role, { minItems: 1, maxItems: 5 }),
};
const BearerClaims = Type.Object({ ...common, tenant_id: Name });

export const SessionClaims = Type.Object({
  ...common,
  sid: Type.String({ minLength: 1, maxLength: 64 }),
  tenant_id: Name,
  tenants: Type.Array(Name, { minItems: 1, maxItems: 1000 }),
});
export type SessionClaims = Static<typeof SessionClaims>;

/** Verifies the local issuer's tokens of one kind. */
export function localVerifier<T extends TSchema>(
  jwks: JSONWebKeySet,
  audience: string,
  claims: T,
): (token: string) => Promise<Static<T>> {
  return verifier({ keys: createLocalJWKSet(jwks), issuer: localIssuer, audience, claims });
}

export type TokenConfig = Pick<Config, 'mode' | 'jwks' | 'jwtIssuer' | 'jwtAudience'>;

export function openAuthenticator(config: TokenConfig, jwks: JSONWebKeySet): Authenticate {
  const local = localVerifier(jwks, audiences.bearer, BearerClaims);
  const external = externalVerifier(config);
  return async (token) => {
    const isLocal =
      !external || (config.mode === 'simulation' && claimedIssuer(token) === localIssuer);
    const {
      sub: subject,
      tenant_id: tenant,
      roles,
      exp,
    } = await (isLocal ? local : external)(token);
    return { subject, tenant, roles, tenants: [tenant], expiresAt: exp * 1000, sessionId: null };
  };
}

function externalVerifier({ jwks, jwtIssuer, jwtAudience }: TokenConfig) {
  if (jwks === undefined || jwtIssuer === undefined || jwtAudience === undefined) return null;
  const keys = openKeySet(jwks);
  return verifier({ keys, issuer: jwtIssuer, audience: jwtAudience, claims: BearerClaims });
}

/** Not verified: it only selects the keys that must then verify it. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined; // no token at all, which its verification will say
  }
}

function verifier<T extends TSchema>(expected: {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  readonly claims: T;
}): (token: string) => Promise<Static<T>> {
  const { keys, issuer, audience } = expected;
  const claims = Compile(expected.claims);
  return async (token) => {
    if (token.length > tokenBytesMax) throw refused('the token is too long');
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer,
        audience,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'sub'],
      }));
    } catch (error) {
      if (error instanceof QuorateError) throw error;
      throw refused(reasonOf(error), error);
    }
    if (!claims.Check(payload)) throw refused('the token lacks a claim that this needs');
    return payload as Static<T>;
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token uses an algorithm not allowed';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the token's ${error.claim} is wrong`;
  }
  return 'the token does not verify';
}

function refused(message: string, cause?: unknown): QuorateError {
  return new QuorateError('unauthenticated', message, { cause, field: 'authorization' });
}
