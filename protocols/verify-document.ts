/**
 * Verifying what left the system, offline: receipts, certificates, signed documents, audit heads.
 *
 * What a file is, its content says. Anything unknown is held to be a receipt, so that a damaged
 * one is named as such.
 */
import { verifyCertificate } from '#protocols/ballot/certificate.ts';
import { digestOf, fromBase64, fromUtf8 } from '#protocols/bytes.ts';
import { type Checked, type Refusal, refuse, within } from '#protocols/checked.ts';
import { openDocument } from '#protocols/dsse.ts';
import { memberByKey, memberOf } from '#protocols/epochs/epoch.ts';
import type { TrustRoot } from '#protocols/epochs/trust.ts';
import { decisionId } from '#protocols/ids.ts';
import {
  type CheckpointVerifiers,
  originOf,
  parseCheckpoint,
  verifyCheckpoint,
} from '#protocols/merkle/checkpoint.ts';
import { type Envelope, payloadTypeOf } from '#protocols/messages/envelope.ts';
import { decode, type MessageOf } from '#protocols/messages/index.ts';
import { type CheckedPart, verifyReceipt } from '#protocols/receipt.ts';

export interface Verification {
  readonly ok: boolean;
  readonly kind: 'receipt' | 'certificate' | 'manifest' | 'trigger' | 'audit-head';
  /** The fingerprint of the trust root. */
  readonly trustRoot: string;
  readonly checked: readonly CheckedPart[];
  readonly field?: string;
  readonly reason?: string;
}

interface Trust {
  readonly root: TrustRoot;
  readonly verifiers: CheckpointVerifiers;
}
type Part = readonly [what: string, check: () => Checked];

/** Whether the bytes hold from the trust root on; never throws for anything in them. */
export function verifyDocument(bytes: Uint8Array, trust: Trust): Verification {
  const text = textOf(bytes);
  if (text !== null && /^quorate\/[^\n]*\n\d+\n/.test(text)) return auditHead(text, trust);
  const value = text === null ? null : jsonOf(text);
  if (value?.type === 'certificate/1') return certificate(bytes, trust);
  if (value?.payloadType === payloadTypeOf('manifest')) return manifest(bytes, trust);
  if (value?.payloadType === payloadTypeOf('trigger')) return trigger(bytes, trust);
  const { ok, checked, ...rest } = verifyReceipt(bytes, trust.root, trust.verifiers);
  const refusal = 'field' in rest ? { field: rest.field, reason: rest.reason } : {};
  return { ok, kind: 'receipt', trustRoot: trust.root.fingerprint, checked, ...refusal };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes);
  } catch {
    return null; // not UTF-8: no kind of ours
  }
}

function jsonOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null; // not JSON: verifyReceipt() says so
  }
}

/** Runs the parts in order; the first refusal ends it. */
function run(kind: Verification['kind'], trust: Trust, parts: readonly Part[]): Verification {
  const trustRoot = trust.root.fingerprint;
  const checked: CheckedPart[] = [];
  for (const [what, check] of parts) {
    const answer = check();
    checked.push({ what, ok: answer.ok });
    if (!answer.ok) {
      const { field, reason } = answer;
      return { ok: false, kind, trustRoot, checked, field: field || what, reason };
    }
  }
  return { ok: true, kind, trustRoot, checked };
}

const fine: Checked = { ok: true };

function unreadable(kind: Verification['kind'], trust: Trust, refusal: Refusal): Verification {
  return run(kind, trust, [
    ['encoding', () => ({ ...refusal, field: refusal.field || 'encoding' })],
  ]);
}

function auditHead(text: string, trust: Trust): Verification {
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) return unreadable('audit-head', trust, parsed);
  const head = parsed.checkpoint;
  const { epoch, federation } = trust.root;
  const member = epoch.members.find(({ id }) => originOf(federation, id) === head.origin);
  return run('audit-head', trust, [
    ['encoding', () => fine],
    ['origin', () => (member ? fine : refuse('origin', 'not a log of this federation'))],
    [
      'signatures',
      () =>
        member ? verifyCheckpoint(head, member, trust.verifiers) : refuse('origin', 'unknown'),
    ],
  ]);
}

function certificate(bytes: Uint8Array, trust: Trust): Verification {
  const decoded = decode(['certificate/1'], bytes);
  if (!decoded.ok) return unreadable('certificate', trust, decoded);
  return run('certificate', trust, [
    ['encoding', () => fine],
    ['quorum', () => verifyCertificate(decoded.value, trust.root.epoch, trust.verifiers)],
  ]);
}

function manifest(bytes: Uint8Array, trust: Trust): Verification {
  const envelope = decode(['envelope/1'], bytes);
  if (!envelope.ok) return unreadable('manifest', trust, envelope);
  const opened = openDocument(envelope.value, 'manifest', trust.verifiers.verifier);
  if (!opened.ok) return run('manifest', trust, [['signature', () => opened]]);
  const { document, signers } = opened;
  return run('manifest', trust, [
    ['signature', () => fine],
    ['federation', () => sameFederation('payload', document, trust)],
    ['proposer', () => signedBy('payload.proposer', document.proposer, { signers, trust })],
  ]);
}

function trigger(bytes: Uint8Array, trust: Trust): Verification {
  const envelope = decode(['envelope/1'], bytes);
  if (!envelope.ok) return unreadable('trigger', trust, envelope);
  const opened = openDocument(envelope.value, 'trigger', trust.verifiers.verifier);
  if (!opened.ok) return run('trigger', trust, [['signature', () => opened]]);
  const { document, signers } = opened;
  const checkQuorum = () => {
    const answer = verifyCertificate(document.certificate, trust.root.epoch, trust.verifiers);
    return answer.ok ? answer : within('payload.certificate', answer);
  };
  return run('trigger', trust, [
    ['signature', () => fine],
    ['federation', () => sameFederation('payload', document, trust)],
    ['issuer', () => signedBy('payload.issuedBy', document.issuedBy, { signers, trust })],
    ['certificate', checkQuorum],
    ['manifest', () => checkTriggerManifest(document)],
    // Whether the signers are in the roster is for an edge to say: it holds the roster.
    ['approvals are signed and about this decision', () => checkApprovals(document, trust)],
  ]);
}

function checkTriggerManifest(document: MessageOf<'trigger/1'>): Checked {
  const { federation, certificate: decided } = document;
  if (document.decisionId !== decisionId(federation, decided.instance, decided.value)) {
    return refuse('payload.decisionId', 'not the decision that the certificate names');
  }
  const bytes = bytesOf(document.manifest);
  if (bytes && digestOf(bytes) === decided.value) return fine;
  return refuse('payload.manifest', 'not the manifest that was certified');
}

function checkApprovals(document: MessageOf<'trigger/1'>, trust: Trust): Checked {
  for (const [index, envelope] of document.approvals.entries()) {
    const field = `payload.approvals.${index}`;
    const refusal = checkApproval(envelope, document, trust);
    if (refusal) return within(field, refusal);
  }
  return fine;
}

function checkApproval(
  envelope: Envelope,
  { decisionId: decision, preState }: MessageOf<'trigger/1'>,
  trust: Trust,
): Refusal | null {
  const opened = openDocument(envelope, 'approval', trust.verifiers.verifier);
  if (!opened.ok) return opened;
  const approval = opened.document;
  if (approval.decisionId !== decision) return refuse('payload.decisionId', 'another decision');
  if (approval.preState !== preState) return refuse('payload.preState', 'another state');
  return null;
}

function sameFederation(
  path: string,
  { federation, epoch }: { readonly federation: string; readonly epoch: number },
  { root }: Trust,
): Checked {
  if (federation !== root.federation) return refuse(`${path}.federation`, 'another federation');
  return epoch === root.epoch.epoch ? fine : refuse(`${path}.epoch`, 'not the epoch of the root');
}

function signedBy(
  field: string,
  member: string,
  { signers, trust }: { readonly signers: readonly string[]; readonly trust: Trust },
): Checked {
  if (!memberOf(trust.root.epoch, member)) return refuse(field, 'not a member of the epoch');
  const isSigned = signers.some((key) => memberByKey(trust.root.epoch, key)?.id === member);
  return isSigned ? fine : refuse(field, 'did not sign this');
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch {
    return null; // not base64, or not its canonical spelling
  }
}
