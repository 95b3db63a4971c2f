/**
 * The checks of a document in words: what was recomputed for each, and which were not reached
 * because an earlier one was refused.
 */
import type { DecodeFailure } from '#protocols/messages/index.ts';
import type { Verification } from '#protocols/verify-document.ts';

export interface ExplainedPart {
  readonly what: string;
  readonly state: 'held' | 'refused' | 'not-reached';
  /** What this browser did. */
  readonly how: string;
}

type Kind = Verification['kind'];

const explanations: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  receipt: {
    encoding: 'The file is one receipt in its one canonical spelling.',
    epochs: 'Every later epoch of the federation is reached from the pinned trust root.',
    checkpoint: "The log's head carries the region's Ed25519 and ML-DSA-44 signatures.",
    entries: 'Each entry was hashed, and its inclusion path leads to the signed root.',
    certificate: 'A quorum of members of the epoch signed this decision, each counted once.',
    manifest: 'The manifest hashes to the value that the quorum certified.',
    'roster and policy':
      'The rules shown hash to those that the manifest names; of other tenants only digests are.',
    candidates: 'Each candidate is signed by the region that put it forward, and in the log.',
    'signals and risk': 'The evidence is what the manifest names and what the log has.',
    'dry-run': 'The dry-run is of this decision, by the named executor.',
    gate: 'What policy asked for is what the log has.',
    approvals: 'Each approval is signed by an entitled person for exactly this decision.',
    enactment: 'The act was released, in time, from the approved state, and its result is logged.',
    'order of steps': 'The steps came in the order the rules demand.',
  },
  certificate: {
    encoding: 'The file is one certificate.',
    quorum: 'A quorum of members of the epoch signed this value, each counted once.',
  },
  manifest: {
    encoding: 'The file is one signed envelope.',
    signature: 'Every signature of the envelope verifies over exactly these bytes.',
    federation: 'It belongs to the federation and the epoch of the trust root.',
    proposer: 'The region that it names as proposer signed it.',
  },
  trigger: {
    encoding: 'The file is one signed envelope.',
    signature: 'Every signature of the envelope verifies over exactly these bytes.',
    federation: 'It belongs to the federation and the epoch of the trust root.',
    issuer: 'The region that it names as issuer signed it.',
    certificate: 'A quorum of members of the epoch signed the decision.',
    manifest: 'The manifest hashes to the value that the quorum certified.',
    'approvals are signed and about this decision':
      'Each approval is signed and bound to this decision and this state.',
  },
  'audit-head': {
    encoding: 'The file is a checkpoint with two signature lines.',
    origin: 'It is the log of a region of this federation.',
    signatures: "The region's Ed25519 and ML-DSA-44 keys both signed this size and root.",
  },
};

/** Every check of the kind, in order: those made, and those that were not reached. */
export function explainParts({ kind, checked }: Verification): readonly ExplainedPart[] {
  const known = explanations[kind];
  const made = checked.map(({ what, ok }) => ({
    what,
    state: ok ? ('held' as const) : ('refused' as const),
    how: known[what] ?? '',
  }));
  const rest = Object.entries(known)
    .filter(([what]) => !checked.some((part) => part.what === what))
    .map(([what, how]) => ({ what, state: 'not-reached' as const, how }));
  return checked.every(({ ok }) => ok) ? made : [...made, ...rest];
}

/** What decode() says in a word. */
const failures: Readonly<Record<DecodeFailure, string>> = {
  'too-large': 'it is larger than any document may be',
  'not-utf8': 'it is not text in UTF-8',
  'not-json': 'it is not JSON',
  'unknown-type': 'no document has this type',
  schema: 'this is missing, or has not the form it must have',
};

/** `The receipt does not hold at certificate.signatures.0.proof: the signature does not verify.` */
export function refusalOf({ ok, kind, field, reason }: Verification): string | null {
  if (ok) return null;
  const why = failures[reason as DecodeFailure] ?? reason ?? 'refused';
  return `This ${kindName(kind)} does not hold at ${field ?? 'the file'}: ${why}.`;
}

export function kindName(kind: Kind): string {
  return kind === 'audit-head' ? 'audit head' : kind;
}
