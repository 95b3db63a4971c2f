/**
 * Receipts, checked offline: no network, no clock, no key that the trust root does not reach.
 *
 * The log is checked first: epochs from the root, the region's signed head, the entries under
 * it. From then on the entries are facts, and a document that none of them names is the one
 * that was changed. What follows is the decision (certificate, manifest, rules, candidates,
 * evidence) and its execution (dry-run, gate, approvals, enactment, order of steps). The first
 * refusal ends the check, and its field is the path of what is wrong, as near as the proofs
 * can tell.
 *
 * Pure.
 */
import { VerifiedRoots } from './ballot/verified-roots.ts';
import { type Refusal, refuse, within } from './checked.ts';
import { decodeCanonical } from './dsse.ts';
import { type TrustRoot, walkEpochs } from './epochs/trust.ts';
import type { CheckpointVerifiers } from './merkle/checkpoint.ts';
import type { Manifest } from './messages/manifest.ts';
import type { Receipt } from './messages/receipt.ts';
import type { ReceiptContext } from './receipt/context.ts';
import {
  bytesOf,
  checkCandidates,
  checkCertificate,
  checkEvidence,
  checkManifest,
  checkRules,
  epochOfReceipt,
} from './receipt/decision.ts';
import {
  checkApprovals,
  checkDryRun,
  checkEnactment,
  checkGate,
  checkSteps,
} from './receipt/execution.ts';
import { checkCheckpoint, checkEntries } from './receipt/log.ts';

export interface CheckedPart {
  readonly what: string;
  readonly ok: boolean;
}

export type ReceiptAnswer =
  | { readonly ok: true; readonly checked: readonly CheckedPart[]; readonly receipt: Receipt }
  | (Refusal & { readonly checked: readonly CheckedPart[] });

const parts: readonly (readonly [string, (context: ReceiptContext) => Refusal | null])[] = [
  ['certificate', checkCertificate],
  ['manifest', checkManifest],
  ['roster and policy', checkRules],
  ['candidates', checkCandidates],
  ['signals and risk', checkEvidence],
  ['dry-run', checkDryRun],
  ['gate', checkGate],
  ['approvals', checkApprovals],
  ['enactment', checkEnactment],
  ['order of steps', checkSteps],
];

/** Whether these bytes are a receipt that holds from the trust root on. Never throws. */
export function verifyReceipt(
  bytes: Uint8Array,
  root: TrustRoot,
  verifiers: CheckpointVerifiers,
): ReceiptAnswer {
  const checked: CheckedPart[] = [];
  const pass = (what: string) => checked.push({ what, ok: true });
  const fail = (what: string, refusal: Refusal): ReceiptAnswer => ({
    ...refusal,
    checked: [...checked, { what, ok: false }],
  });

  const opened = decodeCanonical('receipt/1', bytes);
  if (!opened.ok) return fail('encoding', { ...opened, field: opened.field || 'encoding' });
  const receipt = opened.value;
  pass('encoding');

  const walked = walk(receipt, root, verifiers);
  if (!walked.ok) return fail('epochs', walked);
  pass('epochs');

  const signed = checkCheckpoint(receipt, walked.epochs, verifiers);
  if (!signed.ok) return fail('checkpoint', signed);
  pass('checkpoint');

  const misplaced = checkEntries(receipt, signed.head);
  if (misplaced) return fail('entries', misplaced);
  pass('entries');

  const epoch = epochOfReceipt({ receipt, epochs: walked.epochs });
  if ('ok' in epoch) return fail('certificate', epoch);
  const context: ReceiptContext = {
    receipt,
    ...verifiers,
    roots: new VerifiedRoots(),
    epochs: walked.epochs,
    epoch,
    manifest: manifestOf(receipt),
  };
  for (const [what, check] of parts) {
    const refusal = check(context);
    if (refusal) return fail(what, refusal);
    pass(what);
  }
  return { ok: true, checked, receipt };
}

function walk(receipt: Receipt, root: TrustRoot, { verifier }: CheckpointVerifiers) {
  if (receipt.federation !== root.federation) {
    return refuse('federation', `the trust root is of ${root.federation}`);
  }
  const walked = walkEpochs(root, receipt.epochs, verifier);
  return walked.ok ? walked : within('epochs', walked);
}

/** Decoded once for all checks; that it is the certified one is for checkManifest() to say. */
function manifestOf({ manifest }: Receipt): Manifest | null {
  const bytes = manifest === null ? null : bytesOf(manifest);
  const decoded = bytes ? decodeCanonical('manifest/1', bytes) : null;
  return decoded?.ok ? decoded.value : null;
}
