/**
 * I4: a certificate has q distinct members of one epoch, one round, one value; nil never counts.
 */
import { canonical } from '#protocols/canonical.ts';
import { instanceKey, nilValue } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import { quorumOf } from '#protocols/quorum.ts';
import type { CheckContext, Checker } from './checker.ts';

export function checkCertificates({ federation, epoch, verify, report }: CheckContext): Checker {
  const seen = new Set<string>();
  const members = new Set(epoch.members.map(({ id }) => id));
  const quorum = quorumOf(epoch.members.length, epoch.faultModel);

  function objectionTo(certificate: Certificate): string | null {
    const value: string = certificate.value;
    const signers = new Set(certificate.signatures.map(({ member }) => member));
    if (certificate.federation !== federation) return 'is of another federation';
    if (certificate.epoch !== epoch.epoch) return 'is of another epoch';
    if (value === nilValue) return 'certifies nil';
    if (signers.size !== certificate.signatures.length) return 'counts a member twice';
    if (![...signers].every((member) => members.has(member))) return 'counts a stranger';
    if (signers.size < quorum) return `has ${signers.size} signatures where ${quorum} are needed`;
    return verify(certificate) ? null : 'has a signature that does not verify';
  }

  return {
    invariant: 'I4',
    see(happening) {
      if (happening.type !== 'certificate.said' && happening.type !== 'certificate.durable') return;
      const { certificate } = happening;
      const name = canonical(certificate);
      if (seen.has(name)) return;
      seen.add(name);
      const objection = objectionTo(certificate);
      if (objection) report(`a certificate of ${instanceKey(certificate.instance)} ${objection}`);
    },
  };
}
