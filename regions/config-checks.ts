/**
 * What single values cannot show: contradictions between them, and values that name something
 * unusable. Each stops the start with one line.
 */
import { isIP } from 'node:net';
import { QuorateError } from '#protocols/errors.ts';
import type { Config } from './config.ts';
import type { ConfigSources } from './config-sources.ts';

export function refuseContradictions(config: Config): void {
  const { regions, limits } = config;
  if (new Set(regions).size !== regions.length) {
    throw configError('regions', `expected different names, found ${regions.join(', ')}`);
  }
  if (config.faultModel === 'byzantine' && regions.length < 4) {
    throw configError('faultModel', `byzantine needs at least 4 regions, found ${regions.length}`);
  }
  if (limits.pageDefault > limits.pageMax) {
    throw configError('limits.pageDefault', `expected at most limits.pageMax (${limits.pageMax})`);
  }
  refuseHalfProvider(config);
  refuseHalfFabric(config);
}

/** A key set alone would accept any token of its provider, made for whomever. */
function refuseHalfProvider({ jwks, jwtIssuer, jwtAudience }: Config): void {
  const parts = { jwks, jwtIssuer, jwtAudience };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  const missing = Object.entries(parts).find(([, value]) => value === undefined);
  const [first] = given;
  if (first && missing) {
    throw configError(missing[0], `expected together with ${first[0]}; found nothing`);
  }
}

const natsUrl = /^(?:nats|tls):\/\/[^\s/@]+$/;
const peerPattern = /^[a-z][a-z0-9-]{0,62}=\/\S+$/;

function refuseHalfFabric({ fabric: { kind, nats, libp2p } }: Config): void {
  if (kind === 'nats' && nats.servers.length === 0) {
    throw configError('fabric.nats.servers', 'expected at least one server for fabric.kind nats');
  }
  if (kind === 'libp2p' && libp2p.listen.length === 0) {
    throw configError('fabric.libp2p.listen', 'expected an address for fabric.kind libp2p');
  }
  const server = nats.servers.find((one) => !natsUrl.test(one));
  if (server !== undefined) {
    // A password in it must not reach a terminal.
    throw configError('fabric.nats.servers', 'expected nats://host:port or tls://host:port');
  }
  if ((nats.certFile === undefined) !== (nats.keyFile === undefined)) {
    throw configError('fabric.nats.keyFile', 'expected together with fabric.nats.certFile');
  }
  const peer = libp2p.peers.find((one) => !peerPattern.test(one));
  if (peer !== undefined) {
    throw configError('fabric.libp2p.peers', `expected <region>=<multiaddr>, found ${peer}`);
  }
}

export function refuseUnusable(config: Config, sources: ConfigSources): void {
  refuseUnusableKeys(config, sources);
  refuseUnusableProxies(config);
  if (config.postgresDsn && !/^postgres(?:ql)?:\/\//.test(config.postgresDsn.reveal())) {
    const hint = config.postgresDsn.reveal().startsWith('sqlite:')
      ? 'sqlite is not supported; leave it out, the store needs no database'
      : 'another scheme is not supported';
    throw configError('postgresDsn', `expected a postgresql:// URL: ${hint}`);
  }
  const cosignKey = config.cosignKeyPath && sources.readText(config.cosignKeyPath);
  if (cosignKey && /BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY/.test(cosignKey)) {
    const hint = 'make one with: openssl genpkey -algorithm ed25519';
    throw configError(
      'cosignKeyPath',
      `expected an unencrypted PKCS#8 PEM, found an encrypted cosign key; ${hint}`,
    );
  }
}

function refuseUnusableKeys({ jwks }: Config, sources: ConfigSources): void {
  if (jwks === undefined) return;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(jwks) ? URL.parse(jwks) : undefined;
  if (url === null) throw configError('jwks', `expected a path or an https URL, found ${jwks}`);
  if (url === undefined) {
    if (!isKeySet(sources.readText(jwks))) {
      throw configError('jwks', `expected a file that holds a key set (JWKS), found ${jwks}`);
    }
    return;
  }
  const isHere = url.protocol === 'http:' && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !isHere) {
    throw configError('jwks', `expected an https URL, found ${url.protocol}//${url.host}`);
  }
}

function isKeySet(text: string | undefined): boolean {
  try {
    const set = JSON.parse(text ?? '') as { readonly keys?: unknown };
    return Array.isArray(set.keys);
  } catch {
    return false;
  }
}

function refuseUnusableProxies({ trustedProxies }: Config): void {
  const bad = trustedProxies.find((proxy) => !isNetwork(proxy));
  if (bad !== undefined) {
    throw configError('trustedProxies', `expected IP addresses or networks, found ${bad}`);
  }
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const bitsMax = isIP(address) === 4 ? 32 : 128;
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax);
  return isIP(address) !== 0 && isLength && rest.length === 0;
}

/** Whether a host name means this machine and nothing else. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isIP(name) === 4 ? name.startsWith('127.') : name === '::1';
}

export function configError(key: string, message: string): QuorateError {
  return new QuorateError('config', `${key}: ${message}`, { field: key });
}
