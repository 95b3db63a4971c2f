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
import type { Turn } from './turn.ts';

/** As long as a fact of an entry may be. */
const namesMax = 500;

/** One entry for each candidate, own judgement, certificate and piece of evidence of a turn. */
export function draftsOf(
  federation: string,
  turn: Pick<Turn, 'candidates' | 'decided' | 'evidence'>,
  ownVotes: readonly SignedVote[],
): readonly AuditDraft[] {
  return [
    ...turn.candidates.map(({ vote, counter }) => candidateDraft(federation, vote, counter)),
    ...ownVotes.filter(({ step }) => step === 'prevote').map(judgementDraft),
    ...turn.decided.map(({ certificate }) => certificateDraft(federation, certificate)),
    ...turn.evidence.map((evidence) => evidenceDraft(federation, evidence)),
  ];
}

function candidateDraft(federation: string, vote: SignedVote, counter: boolean): AuditDraft {
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

function judgementDraft(vote: SignedVote): AuditDraft {
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

function certificateDraft(federation: string, certificate: Certificate): AuditDraft {
  const { instance, round, value, signatures } = certificate;
  const names = signatures.map(({ member }) => member).join(', ');
  const signers = names.length <= namesMax ? names : `${signatures.length} regions`;
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

function evidenceDraft(federation: string, evidence: Evidence): AuditDraft {
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
