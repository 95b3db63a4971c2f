/**
 * The public keys of an identity provider: a JWKS in a file, or behind an https URL.
 *
 * A key is taken as long as the set that held it is fresh. A set is read again when it is old,
 * so that a key withdrawn ends, and when a token names a key it does not hold, so that a new one
 * begins; the latter at most once in a while, since anybody can name a key.
 */
import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';

/** A key withdrawn is refused after this. */
const freshMs = 600_000;
/** Between two readings that unknown keys cause. */
const cooldownMs = 5000;
const timeoutMs = 5000;
/** A set of a hundred RSA keys is about 60 KiB. */
const setBytesMax = 1_048_576;

/** `source` is a path or a URL; what is wrong with it shows when it is first needed. */
export function openKeySet(source: string): JWTVerifyGetKey {
  const keys = /^https?:/.test(source) ? remoteKeys(new URL(source)) : fileKeys(source);
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw new QuorateError('unavailable', 'the key set of the identity provider is unreadable', {
        cause: error,
        retryable: true,
        field: 'jwks',
      });
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

function remoteKeys(url: URL): JWTVerifyGetKey {
  return createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cooldownDuration: cooldownMs,
    cacheMaxAge: freshMs,
    [customFetch]: async (address, init) => bounded(await fetch(address, init)),
  });
}

/** A provider that sends without end must not fill our memory. */
async function bounded(response: Response): Promise<Response> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > setBytesMax) throw new QuorateError('too-large', 'the key set is too large');
    parts.push(part);
  }
  return new Response(Buffer.concat(parts), { status: response.status });
}

function fileKeys(path: string): JWTVerifyGetKey {
  let held: { readonly keys: JWTVerifyGetKey; readonly readAt: number } | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;
  const read = async () => {
    triedAt = systemClock.now();
    held = { keys: await readKeys(path), readAt: triedAt };
    return held;
  };
  return async (header, token) => {
    const isFresh = held !== null && systemClock.now() - held.readAt < freshMs;
    const { keys } = isFresh && held ? held : await read();
    try {
      return await keys(header, token);
    } catch (error) {
      const isNew = error instanceof errors.JWKSNoMatchingKey;
      if (!isNew || systemClock.now() - triedAt < cooldownMs) throw error;
      return (await read()).keys(header, token);
    }
  };
}

async function readKeys(path: string): Promise<JWTVerifyGetKey> {
  const { size } = await stat(path);
  if (size > setBytesMax) throw new QuorateError('too-large', 'the key set is too large');
  return createLocalJWKSet(JSON.parse(await readFile(path, 'utf8')) as JSONWebKeySet);
}
