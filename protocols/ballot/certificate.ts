/**
 * Certificates: q precommits of one epoch, in one round, for one value (invariant I4).
 *
 * This is the one check that regions, edges and browsers share. It counts distinct registered
 * members, never keys or signatures; nil and absent members never count. What it does not
 * know is time: whether the epoch is still acceptable is for the caller to say.
 *
 * Pure.
 */
import { assert, required } from '../assert.ts';
import { type Checked, refuse } from '../checked.ts';
import { epochOfVersion, type Instance, journalTarget, nilValue, tenantOf } from '../ids.ts';
import type { SignedVote } from '../messages/ballot.ts';
import type { Certificate } from '../messages/certificate.ts';
import type { Epoch } from '../messages/epoch.ts';
import { quorumOf } from '../quorum.ts';
import { type VoteChecks, verifyLeaf, voteLeaf } from './vote.ts';

/** The certificate that these precommits make. They must agree on everything but the member. */
export function certificateFrom(federation: string, votes: readonly SignedVote[]): Certificate {
  const [first] = votes;
  const { epoch, instance, round, value } = required(first, 'a certificate has signatures');
  for (const vote of votes) assert(isPrecommitLike(vote, first), 'one epoch, round and value');
  const sorted = votes.toSorted((a, b) => (a.member < b.member ? -1 : 1));
  const distinct = new Set(sorted.map(({ member }) => member)).size;
  assert(distinct === sorted.length, 'one precommit a member');
  return {
    type: 'certificate/1',
    federation,
    epoch,
    instance,
    round,
    value: decided(value),
    signatures: sorted.map(({ member, proof }) => ({ member, proof })),
  };
}

/** Whether the certificate holds in the epoch. `field` is the path of the first wrong field. */
export function verifyCertificate(
  certificate: Certificate,
  epoch: Epoch,
  checks: VoteChecks,
): Checked {
  const { federation, instance, signatures } = certificate;
  if (federation !== epoch.federation) return refuse('federation', 'another federation');
  if (certificate.epoch !== epoch.epoch) return refuse('epoch', 'another epoch');
  const misplaced = checkInstance(instance, epoch.epoch);
  if (misplaced) return misplaced;
  const value: string = certificate.value;
  if (value === nilValue) return refuse('value', 'nil is never certified');
  const leaf = voteLeaf(federation, { ...certificate, step: 'precommit' });
  const keys = new Map(epoch.members.map(({ id, publicKey }) => [id, publicKey]));
  let before = '';
  for (const [index, { member, proof }] of signatures.entries()) {
    const at = `signatures.${index}`;
    const publicKey = keys.get(member);
    if (!publicKey) return refuse(`${at}.member`, 'not a member of the epoch');
    if (member <= before) return refuse(`${at}.member`, 'not sorted by member');
    before = member;
    const claim = { federation, epoch: epoch.epoch, member, publicKey, leaf, proof };
    if (!verifyLeaf(claim, checks)) return refuse(`${at}.proof`, 'the signature does not verify');
  }
  const quorum = quorumOf(epoch.members.length, epoch.faultModel);
  if (signatures.length >= quorum) return { ok: true };
  return refuse('signatures', `${signatures.length} of ${quorum} needed`);
}

/** The journal's versions are plain heights; every other version carries its epoch. */
function checkInstance(instance: Instance, epoch: number): Checked | null {
  const { tenant, target, version } = instance;
  if (tenant !== tenantOf(target)) return refuse('instance', 'not the tenant of the target');
  if (target === journalTarget || epochOfVersion(version) === epoch) return null;
  return refuse('instance.version', 'a version of another epoch');
}

function isPrecommitLike(vote: SignedVote, first: SignedVote | undefined): boolean {
  return (
    vote.step === 'precommit' &&
    vote.epoch === first?.epoch &&
    vote.round === first.round &&
    vote.value === first.value &&
    vote.instance.target === first.instance.target &&
    vote.instance.tenant === first.instance.tenant &&
    vote.instance.version === first.instance.version
  );
}

function decided(value: SignedVote['value']): Certificate['value'] {
  assert(value !== 'nil', 'nil is never certified');
  return value;
}
