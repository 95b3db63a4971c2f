/**
 * What no answer may hold: keys, other people's tokens, places on this disk, traces of the code,
 * and what another tenant owns.
 */
import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Holdings } from './gateway-world.ts';

const trace = /\n\s+at .+:\d+:\d+|node_modules|file:\/\/|[a-z]\.ts:\d+/;

/** Every private key under the folder, in each spelling it might be said in. */
export function secretsOf(dataDir: string): readonly string[] {
  const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
  const keys = names
    .filter((name) => name.endsWith('.pem'))
    .map((name) => readFileSync(join(dataDir, name), 'utf8'));
  if (keys.length < 3) throw new Error(`the data folder holds ${keys.length} keys`);
  return [dataDir, ...keys.flatMap(spellingsOf)];
}

function spellingsOf(pem: string): readonly string[] {
  const lines = pem.split('\n').filter((line) => line.length > 40 && !line.startsWith('-'));
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) return lines;
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') return lines;
  const { d = '' } = key.export({ format: 'jwk' }) as { d?: string };
  const seed = Buffer.from(d, 'base64url');
  return [...lines, d, seed.toString('hex'), seed.toString('base64')];
}

export function ownedBy({ tenant, decisions, incidents, targets }: Holdings): readonly string[] {
  return [tenant, ...decisions, ...incidents, ...targets];
}

/** What is said that must not be; what the request itself says may be repeated. */
export function leaksIn(
  said: string,
  { asked, forbidden }: { asked: string; forbidden: readonly string[] },
): readonly string[] {
  const leaks = forbidden.filter((word) => says(said, word) && !asked.includes(word));
  const found = trace.exec(said);
  if (found && !asked.includes(found[0])) leaks.push(`a trace: ${found[0]}`);
  return leaks;
}

/** A name must stand by itself: four letters in a row are also in many a signature in base64. */
function says(text: string, word: string): boolean {
  const isName = /^[a-z][a-z0-9-]{0,30}$/.test(word);
  if (!isName || !text.includes(word)) return text.includes(word);
  return new RegExp(`(?<![A-Za-z0-9+/])${word}(?![A-Za-z0-9+])`).test(text);
}
