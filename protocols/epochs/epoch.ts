/**
 * Epochs: who decides, from one signed document to the next (architecture 4.3).
 *
 * Epoch e+1 is in force where it is held with the signatures of q members of e and q of e+1: the
 * old ones let go, the new ones take over, so the two quorums meet in time (I19). It names its
 * predecessor by digest, which makes epochs a chain, and admits only keys on which no two
 * verifiers disagree. The first epoch has no predecessor: whoever trusts it does so by its
 * digest.
 *
 * Whether an epoch has expired is a question of time, and for the caller. Pure.
 */

import { digestOf } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { type Checked, type Refusal, refuse, within } from '../checked.ts';
import { signatureRule, type Verifier } from '../crypto.ts';
import { openDocument } from '../dsse.ts';
import { isAdmissibleKey } from '../ed25519-strict.ts';
import type { Envelope } from '../messages/envelope.ts';
import type { Epoch, Member } from '../messages/epoch.ts';
import { quorumOf } from '../quorum.ts';

export type CheckedEpoch = { readonly ok: true; readonly epoch: Epoch } | Refusal;

/** The bytes that the members of an epoch sign. */
export function epochPayload(epoch: Epoch): Uint8Array {
  return canonicalBytes(epoch);
}

/** How the next epoch and a trust root name this one. */
export function epochDigest(epoch: Epoch): string {
  return digestOf(epochPayload(epoch));
}

/** The member of that id, if the epoch has one. */
export function memberOf(epoch: Epoch, id: string): Member | undefined {
  return epoch.members.find((member) => member.id === id);
}

/** The member whose document key this is. */
export function memberByKey(epoch: Epoch, publicKey: string): Member | undefined {
  return epoch.members.find((member) => member.publicKey === publicKey);
}

export function epochQuorum(epoch: Epoch): number {
  return quorumOf(epoch.members.length, epoch.faultModel);
}

/** Whether the envelope holds the epoch after `previous`, signed by a quorum of each. */
export function verifyEpochStep(
  previous: Epoch,
  envelope: Envelope,
  verifier: Verifier,
): CheckedEpoch {
  const opened = openDocument(envelope, 'epoch', verifier);
  if (!opened.ok) return opened;
  const { document: epoch, signers } = opened;
  const wrong = checkSuccession(previous, epoch);
  if (wrong) return within('payload', wrong);
  const formed = checkEpoch(epoch);
  if (!formed.ok) return within('payload', formed);
  for (const signing of [previous, epoch]) {
    const missing = checkSigners(signing, signers);
    if (missing) return missing;
  }
  return { ok: true, epoch };
}

/** Whether the envelope holds the first epoch, signed by a quorum of its own members. */
export function verifyGenesis(envelope: Envelope, verifier: Verifier): CheckedEpoch {
  const opened = openDocument(envelope, 'epoch', verifier);
  if (!opened.ok) return opened;
  const { document: epoch, signers } = opened;
  if (epoch.previous !== null) return refuse('payload.previous', 'the first epoch has none');
  if (epoch.epoch !== 1) return refuse('payload.epoch', 'the first epoch has number 1');
  const formed = checkEpoch(epoch);
  if (!formed.ok) return within('payload', formed);
  return checkSigners(epoch, signers) ?? { ok: true, epoch };
}

/** Whether an epoch makes sense by itself: enough members, in order, with keys of their own. */
export function checkEpoch(epoch: Epoch): Checked {
  if (epoch.signatureRule !== signatureRule) return refuse('signatureRule', 'an unknown rule');
  if (epoch.faultModel === 'byzantine' && epoch.members.length < 4) {
    return refuse('members', 'a byzantine federation has at least 4 members');
  }
  if (!isInstant(epoch.notAfter)) return refuse('notAfter', 'no such time');
  const keys = new Set<string>();
  let before = '';
  for (const [index, { id, publicKey, logKey, logKeyMlDsa44 }] of epoch.members.entries()) {
    const at = `members.${index}`;
    if (id <= before) return refuse(`${at}.id`, 'members are sorted by id, each once');
    before = id;
    for (const [name, key] of Object.entries({ publicKey, logKey, logKeyMlDsa44 })) {
      if (keys.has(key)) return refuse(`${at}.${name}`, 'a key is used twice');
      keys.add(key);
    }
    if (!isAdmissibleKey(publicKey)) return refuse(`${at}.publicKey`, 'not an admissible key');
    if (!isAdmissibleKey(logKey)) return refuse(`${at}.logKey`, 'not an admissible key');
  }
  return { ok: true };
}

function checkSuccession(previous: Epoch, epoch: Epoch): Refusal | null {
  if (epoch.federation !== previous.federation) return refuse('federation', 'another federation');
  if (epoch.epoch !== previous.epoch + 1) return refuse('epoch', 'not the next epoch');
  if (epoch.previous !== epochDigest(previous)) return refuse('previous', 'another predecessor');
  return null;
}

/** Counted by registered member; a signature of somebody else counts for nothing. */
function checkSigners(epoch: Epoch, signers: readonly string[]): Refusal | null {
  const signed = epoch.members.filter(({ publicKey }) => signers.includes(publicKey)).length;
  const quorum = epochQuorum(epoch);
  if (signed >= quorum) return null;
  return refuse('signatures', `${signed} of ${quorum} members of epoch ${epoch.epoch} signed`);
}

function isInstant(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
