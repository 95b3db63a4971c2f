/**
 * The audit entries of negotiation: candidates, own judgements, certificates, evidence.
 *
 * Digest names are those that receipts rely on (protocols/receipt.ts).
 */
import type { Evidence } from '#protocols/ballot/state.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { abortValue, decisionId, type Instance, journalTarget } from '#protocols/ids.ts';
import type { AuditDraft } from '#protocols/messages/audit.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';

export function candidateDraft(federation: string, vote: SignedVote, counter: boolean): AuditDraft {
  return {
    step: counter ? 'counter' : 'candidate',
    actor: `region:${vote.member}`,
    ...about(federation, vote.instance, vote.value),
    reason: counter
      ? `${vote.member} would rather do this`
      : `${vote.member} puts a manifest forward`,
    facts: { proposer: vote.member, round: vote.round },
    digests: { manifest: vote.value, vote: digestOf(canonicalBytes(vote)) },
  };
}

export function judgementDraft(vote: SignedVote): AuditDraft {
  const { judgement } = vote;
  const decided = vote.value === 'nil' ? {} : { value: vote.value };
  return {
    step: 'judgement',
    actor: `region:${vote.member}`,
    tenant: vote.instance.tenant,
    target: vote.instance.target,
    version: vote.instance.version,
    reason: judgement?.reasons.join('; ') || `prevotes ${vote.value}`,
    facts: {
      round: vote.round,
      verdict: judgement?.verdict ?? null,
      confidence: judgement?.confidence ?? null,
      ...decided,
    },
    digests: { vote: digestOf(canonicalBytes(vote)) },
  };
}

export function certificateDraft(federation: string, certificate: Certificate): AuditDraft {
  const { instance, round, value, signatures } = certificate;
  const signers = signatures.map(({ member }) => member).join(', ');
  const isJournal = instance.target === journalTarget;
  return {
    step: isJournal ? 'journal' : 'certificate',
    actor: 'agent:ballot',
    ...about(federation, instance, value),
    reason: value === abortValue ? `${signers} agreed to do nothing` : `certified by ${signers}`,
    facts: { round, value, signers },
    digests: {
      certificate: digestOf(canonicalBytes(certificate)),
      ...(value !== abortValue && { manifest: value }),
    },
  };
}

export function evidenceDraft(federation: string, evidence: Evidence): AuditDraft {
  const { member, first, second } = evidence;
  return {
    step: 'evidence',
    actor: 'agent:ballot',
    tenant: first.instance.tenant,
    target: first.instance.target,
    version: first.instance.version,
    reason: `${member} signed two values for one slot of ${federation}`,
    facts: { member, step: first.step, round: first.round },
    digests: {
      first: digestOf(canonicalBytes(first)),
      second: digestOf(canonicalBytes(second)),
    },
  };
}

function about(
  federation: string,
  instance: Instance,
  value: string,
): Pick<AuditDraft, 'tenant' | 'target' | 'version' | 'decisionId'> {
  return { ...instance, decisionId: decisionId(federation, instance, value) };
}
