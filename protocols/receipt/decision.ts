/**
 * The decision side of a receipt: certificate, manifest, the rules that it names, candidates and
 * the evidence they were composed from.
 *
 * Pure.
 */
import { verifyCertificate } from '../ballot/certificate.ts';
import { verifyVote } from '../ballot/vote.ts';
import { digestOf, fromBase64 } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { type Refusal, refuse, within } from '../checked.ts';
import { decodeCanonical } from '../dsse.ts';
import { memberOf } from '../epochs/epoch.ts';
import { abortValue, decisionId, epochOfVersion, instanceKey, journalTarget } from '../ids.ts';
import type { Epoch, PolicyView, RosterView } from '../messages/epoch.ts';
import type { Manifest } from '../messages/manifest.ts';
import { policyDigest, rosterDigest } from '../redaction.ts';
import type { ReceiptContext } from './context.ts';
import { checkCovered, checkShown, entriesNaming } from './log.ts';

/** Whether a quorum certified this decision, and the log says so. */
export function checkCertificate(context: ReceiptContext): Refusal | null {
  const { receipt, epoch } = context;
  const { certificate, instance, federation } = receipt;
  const uncovered = checkCovered(receipt, 'certificate', {
    step: certificate.instance.target === journalTarget ? 'journal' : 'certificate',
    name: 'certificate',
    document: certificate,
  });
  const verified = verifyCertificate(certificate, epoch, context);
  if (!verified.ok) {
    return noneSigned(context)
      ? refuse('certificate', verified.reason)
      : within('certificate', verified);
  }
  if (uncovered) return uncovered;
  for (const name of ['tenant', 'target', 'version'] as const) {
    if (instance[name] !== certificate.instance[name]) {
      return refuse(`instance.${name}`, 'not that of the certificate');
    }
  }
  const id = decisionId(federation, certificate.instance, certificate.value);
  if (id !== receipt.decisionId) return refuse('decisionId', 'not that of the certificate');
  return null;
}

/** When no signature at all holds, it is what they sign that was changed. */
function noneSigned(context: ReceiptContext): boolean {
  const { certificate } = context.receipt;
  return certificate.signatures.every((signature) => {
    const alone = { ...certificate, signatures: [signature] };
    const verified = verifyCertificate(alone, context.epoch, context);
    return !verified.ok && verified.field.startsWith('signatures.0.proof');
  });
}

/** Whether the manifest is the certified value and belongs to this instance. */
export function checkManifest(context: ReceiptContext): Refusal | null {
  const { receipt } = context;
  const { value } = receipt.certificate;
  if (value === abortValue) {
    return receipt.manifest === null ? null : refuse('manifest', 'ABORT has no manifest');
  }
  const bytes = receipt.manifest === null ? null : bytesOf(receipt.manifest);
  if (!bytes || digestOf(bytes) !== value) return refuse('manifest', 'not the certified value');
  const steps = ['candidate', 'counter', 'certificate'] as const;
  if (entriesNaming(receipt, { steps, name: 'manifest', digest: value }).length === 0) {
    return refuse('manifest', 'no entry names this manifest');
  }
  const decoded = decodeCanonical('manifest/1', bytes);
  if (!decoded.ok) return within('manifest', decoded);
  const foreign = checkManifestFits(context, decoded.value);
  return foreign ? within('manifest', foreign) : null;
}

/**
 * Whether roster and policy are those that the manifest names: a quorum certified it, and each of
 * its members only under the rules it had in force itself.
 */
export function checkRules({ receipt, manifest }: ReceiptContext): Refusal | null {
  const { policy, roster } = receipt;
  if (!manifest) {
    if (policy !== null) return refuse('policy', 'ABORT names no policy');
    return roster === null ? null : refuse('roster', 'ABORT names no roster');
  }
  if (!policy || policyDigest(policy) !== manifest.policyHash) {
    return refuse('policy', 'not the policy that the manifest names');
  }
  if (!roster || rosterDigest(roster) !== manifest.rosterHash) {
    return refuse('roster', 'not the roster that the manifest names');
  }
  return checkRows(receipt.instance.tenant, policy, roster);
}

/** Whether the tenant is shown, and no other: a receipt is for the eyes of its tenant. */
function checkRows(tenant: string, policy: PolicyView, roster: RosterView): Refusal | null {
  const tenants = {
    'policy.tenants': policy.tenants.map((row) => (typeof row === 'string' ? null : row.id)),
    'roster.approvers': roster.approvers.map(tenantOfRow),
    'roster.stopKeys': roster.stopKeys.map(tenantOfRow),
  };
  for (const [field, shown] of Object.entries(tenants)) {
    const foreign = shown.findIndex((one) => one !== null && one !== tenant);
    if (foreign >= 0) return refuse(`${field}.${foreign}`, 'shows another tenant');
  }
  const isShown = tenants['policy.tenants'].includes(tenant);
  return isShown ? null : refuse('policy.tenants', 'the tenant is not shown');
}

function tenantOfRow(row: { readonly tenant: string } | string): string | null {
  return typeof row === 'string' ? null : row.tenant;
}

/** Whether every candidate was signed by a member, for this instance, and is in the log. */
export function checkCandidates(context: ReceiptContext): Refusal | null {
  const { receipt, epoch } = context;
  for (const [index, { vote, manifest }] of receipt.candidates.entries()) {
    const at = `candidates.${index}`;
    const digest = digestOf(canonicalBytes(vote));
    const steps = ['candidate', 'counter'] as const;
    const [entry] = entriesNaming(receipt, { steps, name: 'vote', digest });
    if (!entry) return refuse(`${at}.vote`, 'no entry names this vote');
    const member = memberOf(epoch, vote.member);
    if (!member) return refuse(`${at}.vote.member`, 'not a member of the epoch');
    if (vote.epoch !== epoch.epoch) return refuse(`${at}.vote.epoch`, 'another epoch');
    if (vote.step !== 'candidate') return refuse(`${at}.vote.step`, 'not a candidate');
    if (instanceKey(vote.instance) !== instanceKey(receipt.instance)) {
      return refuse(`${at}.vote.instance`, 'another instance');
    }
    const { federation } = receipt;
    if (!verifyVote(vote, { federation, publicKey: member.publicKey }, context)) {
      return refuse(`${at}.vote.proof`, 'the signature does not verify');
    }
    const bytes = bytesOf(manifest);
    const isNamed = entry.digests.manifest === vote.value;
    if (!isNamed || !bytes || digestOf(bytes) !== vote.value) {
      return refuse(`${at}.manifest`, 'not what the vote names');
    }
    const decoded = decodeCanonical('manifest/1', bytes);
    if (!decoded.ok) return within(`${at}.manifest`, decoded);
    const foreign = checkManifestFits(context, decoded.value);
    if (foreign) return within(`${at}.manifest`, foreign);
  }
  return null;
}

/** Whether the signals and the risk are in the log and what a manifest says it came from. */
export function checkEvidence(context: ReceiptContext): Refusal | null {
  const { receipt } = context;
  const manifests = manifestsOf(context);
  const signalIds = new Set(manifests.flatMap((manifest) => manifest.signalIds));
  const riskIds = new Set(manifests.map(({ riskId }) => riskId));
  for (const [index, signal] of receipt.signals.entries()) {
    const at = `signals.${index}`;
    const uncovered = checkCovered(receipt, at, {
      step: 'signal',
      name: 'signal',
      document: signal,
    });
    if (uncovered) return uncovered;
    if (signal.tenant !== receipt.instance.tenant) return refuse(`${at}.tenant`, 'another tenant');
    if (!signalIds.delete(signal.signalId)) {
      return refuse(`${at}.signalId`, 'no manifest names this signal, or twice here');
    }
  }
  const { risk } = receipt;
  const uncovered =
    risk && checkCovered(receipt, 'risk', { step: 'risk', name: 'risk', document: risk });
  if (uncovered) return uncovered;
  if (risk && risk.tenant !== receipt.instance.tenant) {
    return refuse('risk.tenant', 'another tenant');
  }
  if (risk && !riskIds.has(risk.riskId))
    return refuse('risk.riskId', 'no manifest names this risk');
  return (
    checkShown(receipt, 'signals', {
      step: 'signal',
      name: 'signal',
      documents: receipt.signals,
    }) ?? checkShown(receipt, 'risk', { step: 'risk', name: 'risk', documents: risk ? [risk] : [] })
  );
}

/** The certified manifest and the candidates, as far as they decode. */
function manifestsOf({ receipt, manifest }: ReceiptContext): readonly Manifest[] {
  const candidates = receipt.candidates.flatMap((candidate) => {
    const bytes = bytesOf(candidate.manifest);
    const decoded = bytes ? decodeCanonical('manifest/1', bytes) : null;
    return decoded?.ok ? [decoded.value] : [];
  });
  return manifest ? [manifest, ...candidates] : candidates;
}

function checkManifestFits({ receipt, epoch }: ReceiptContext, manifest: Manifest): Refusal | null {
  const { tenant, target, version } = receipt.instance;
  if (manifest.federation !== receipt.federation) return refuse('federation', 'another federation');
  if (manifest.epoch !== epoch.epoch) return refuse('epoch', 'another epoch');
  if (manifest.tenant !== tenant) return refuse('tenant', 'another tenant');
  const isNamed = manifest.targets.some((one) => one.target === target && one.version === version);
  return isNamed ? null : refuse('targets', 'does not name the target and version');
}

/** The epoch that an instance belongs to; the journal's is that of the certificate. */
export function epochOfReceipt(
  context: Pick<ReceiptContext, 'receipt' | 'epochs'>,
): Epoch | Refusal {
  const { instance, epoch: number } = context.receipt.certificate;
  const isJournal = instance.target === journalTarget;
  const found = context.epochs.find(({ epoch }) => epoch === number);
  if (found && (isJournal || epochOfVersion(instance.version) === number)) return found;
  const isVersion = found && epochOfVersion(context.receipt.instance.version) === number;
  const field = isVersion ? 'certificate.instance.version' : 'certificate.epoch';
  return refuse(field, 'not the epoch of the version');
}

export function bytesOf(base64: string): Uint8Array | null {
  try {
    return fromBase64(base64);
  } catch {
    return null; // not base64, or not its canonical spelling
  }
}
