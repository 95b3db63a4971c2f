/**
 * A certificate region by region: whose signature was verified in this browser, whose was
 * refused, and who is not counted because it is not in the certificate.
 */
import { verifyLeaf, voteLeaf } from '#protocols/ballot/vote.ts';
import type { Verifier } from '#protocols/crypto.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import { quorumOf } from '#protocols/quorum.ts';

export interface RegionSignature {
  readonly region: string;
  readonly state: 'verified' | 'refused' | 'not-counted';
  readonly why: string;
}

export interface SignatureCount {
  readonly regions: readonly RegionSignature[];
  readonly verified: number;
  readonly quorum: number;
}

export function countSignatures(
  certificate: Certificate,
  epoch: Epoch,
  verifier: Verifier,
): SignatureCount {
  const { federation } = certificate;
  const leaf = voteLeaf(federation, { ...certificate, step: 'precommit' });
  const stateOf = (id: string, publicKey: string): RegionSignature => {
    const signed = certificate.signatures.find(({ member }) => member === id);
    if (!signed) {
      const why = 'not in the certificate: it voted otherwise, later, or not at all';
      return { region: id, state: 'not-counted', why };
    }
    const { proof } = signed;
    const claim = { federation, epoch: certificate.epoch, member: id, publicKey, leaf, proof };
    const isValid = verifyLeaf(claim, { verifier });
    if (!isValid) {
      return { region: id, state: 'refused', why: 'the signature does not verify' };
    }
    const votes =
      proof.leafCount === 1 ? '' : `, one of ${proof.leafCount} votes it signed at once`;
    return {
      region: id,
      state: 'verified',
      why: `signed with its key of epoch ${epoch.epoch}${votes}`,
    };
  };
  const members = epoch.members.map(({ id, publicKey }) => stateOf(id, publicKey));
  const strangers = certificate.signatures
    .filter(({ member }) => !epoch.members.some(({ id }) => id === member))
    .map(({ member }) => ({
      region: member,
      state: 'refused' as const,
      why: `not a member of epoch ${epoch.epoch}`,
    }));
  const regions = [...members, ...strangers];
  return {
    regions,
    verified: regions.filter(({ state }) => state === 'verified').length,
    quorum: quorumOf(epoch.members.length, epoch.faultModel),
  };
}
