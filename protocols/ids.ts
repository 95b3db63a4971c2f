/**
 * Names and ids: targets, versions, instances, decisions.
 *
 * A target is `tenant/service`. Version n of a target in epoch e is e * 2^32 + n, counted from
 * 1, so that versions only grow and carry their epoch; the journal uses plain heights. An
 * instance is one (federation, tenant, target, version); what is decided there is a value: a
 * manifest by its digest, or ABORT. The decision id binds both and is what approvals, intents,
 * triggers and audit entries name.
 *
 * Pure.
 */
import { sha256 } from '#engine';
import { assert } from './assert.ts';
import { concatBytes, fromHex, toHex, utf8 } from './bytes.ts';

/** Where the federation decides about itself; its versions are heights. */
export const journalTarget = 'federation/journal';
export const journalTenant = 'federation';

/** A value of a ballot: `nil` (never certified), `abort`, or the digest of a body. */
export type ValueId = string;
export const nilValue = 'nil';
export const abortValue = 'abort';

export interface Instance {
  readonly tenant: string;
  readonly target: string;
  readonly version: number;
}

const versionsPerEpoch = 2 ** 32;
/** Version numbers must stay exact in a double: 2^53 / 2^32. */
const epochMax = 2 ** 21 - 1;

export function versionOf(epoch: number, n: number): number {
  assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= epochMax, 'an epoch has 21 bits');
  assert(Number.isInteger(n) && n >= 1 && n < versionsPerEpoch, 'an instance number has 32 bits');
  return epoch * versionsPerEpoch + n;
}

export function epochOfVersion(version: number): number {
  return Math.floor(version / versionsPerEpoch);
}

export function tenantOf(target: string): string {
  return target.slice(0, target.indexOf('/'));
}

export function serviceOf(target: string): string {
  return target.slice(target.indexOf('/') + 1);
}

/** A key for maps and store keys; unique within a federation, since a target names its tenant. */
export function instanceKey(instance: Pick<Instance, 'target' | 'version'>): string {
  return `${instance.target}@${instance.version}`;
}

/**
 * The 32 bytes that votes sign for a value: SHA-256 over a tag and the length-prefixed names.
 * Prefixing makes the encoding injective: no two instances share bytes.
 */
export function decisionBytes(federation: string, instance: Instance, value: ValueId): Uint8Array {
  const names = ['quorate/decision/1', federation, instance.tenant, instance.target];
  const parts = names.flatMap((name) => {
    const bytes = utf8(name);
    return [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes];
  });
  const version = new Uint8Array(8);
  new DataView(version.buffer).setBigUint64(0, BigInt(instance.version));
  return sha256(concatBytes(...parts, version, valueBytes(value)));
}

/** The decision id: 64 hex digits. */
export function decisionId(federation: string, instance: Instance, value: ValueId): string {
  return toHex(decisionBytes(federation, instance, value));
}

function valueBytes(value: ValueId): Uint8Array {
  if (value === nilValue) return new Uint8Array(33);
  if (value === abortValue) return Uint8Array.of(1, ...new Uint8Array(32));
  assert(value.startsWith('sha256:') && value.length === 71, 'a value is nil, abort or a digest');
  return concatBytes(Uint8Array.of(2), fromHex(value.slice(7)));
}
