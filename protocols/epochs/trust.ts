/**
 * Trust roots: the one epoch its holder trusts without proof, and what it leads to.
 *
 * A trust root is `{federation, epoch, fingerprint}`; the fingerprint is the digest of the
 * epoch's canonical bytes and is what people compare. From there every later epoch is reached
 * by its envelope. A certificate, trigger or receipt holds no key that the root does not reach.
 *
 * Intermediate epochs may have expired; whether the newest has is for the caller. Pure.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { fromUtf8 } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { type Refusal, refuse, within } from '../checked.ts';
import type { Verifier } from '../crypto.ts';
import { Digest, Name } from '../messages/common.ts';
import type { Envelope } from '../messages/envelope.ts';
import { Epoch } from '../messages/epoch.ts';
import { checkEpoch, epochDigest, verifyEpochStep } from './epoch.ts';

export const TrustRoot = Type.Object(
  { federation: Name, epoch: Epoch, fingerprint: Digest },
  { additionalProperties: false },
);
export type TrustRoot = Static<typeof TrustRoot>;

const trustRootBytesMax = 1024 * 1024;
const validator = Compile(TrustRoot);

/** The trust root that an epoch makes. */
export function trustRootOf(epoch: Epoch): TrustRoot {
  return { federation: epoch.federation, epoch, fingerprint: epochDigest(epoch) };
}

/** What is written to a trust root file. */
export function trustRootBytes(root: TrustRoot): Uint8Array {
  return canonicalBytes(root);
}

/** Reads a trust root, however it is spaced, and checks that it agrees with itself. */
export function parseTrustRoot(
  bytes: Uint8Array,
): { readonly ok: true; readonly root: TrustRoot } | Refusal {
  if (bytes.length > trustRootBytesMax) return refuse('', 'too large for a trust root');
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    return refuse('', 'not JSON in UTF-8');
  }
  if (!validator.Check(value)) {
    const [first] = validator.Errors(value);
    return refuse((first?.instancePath ?? '').slice(1).replaceAll('/', '.'), 'not a trust root');
  }
  const { federation, epoch, fingerprint } = value;
  if (epoch.federation !== federation) return refuse('epoch.federation', 'another federation');
  const formed = checkEpoch(epoch);
  if (!formed.ok) return within('epoch', formed);
  if (epochDigest(epoch) !== fingerprint) return refuse('fingerprint', 'not that of the epoch');
  return { ok: true, root: value };
}

/** The epochs from the root on, the root's first. `field` begins with the envelope's index. */
export function walkEpochs(
  root: TrustRoot,
  envelopes: readonly Envelope[],
  verifier: Verifier,
): { readonly ok: true; readonly epochs: readonly [Epoch, ...Epoch[]] } | Refusal {
  const epochs: [Epoch, ...Epoch[]] = [root.epoch];
  let newest = root.epoch;
  for (const [index, envelope] of envelopes.entries()) {
    const step = verifyEpochStep(newest, envelope, verifier);
    if (!step.ok) return within(String(index), step);
    newest = step.epoch;
    epochs.push(newest);
  }
  return { ok: true, epochs };
}
