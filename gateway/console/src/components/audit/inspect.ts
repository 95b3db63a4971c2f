/**
 * What a receipt holds, for drawing: its entries, its signed head, and the signatures under the
 * certificate. Looking inside is not verifying: verifyDocument() does that, on the same bytes.
 */
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { parseTrustRoot, type TrustRoot, walkEpochs } from '#protocols/epochs/trust.ts';
import { parseCheckpoint, type SignedCheckpoint } from '#protocols/merkle/checkpoint.ts';
import { decode } from '#protocols/messages/index.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import { type Climb, climb } from './inclusion.ts';
import { countSignatures, type SignatureCount } from './signatures.ts';

export interface Inspected {
  readonly receipt: Receipt;
  readonly head: SignedCheckpoint | null;
  /** Null when no epoch that the root leads to is the certificate's. */
  readonly signatures: SignatureCount | null;
}

const verifier = portableVerifier();

/** The trust root in these bytes, when that is what they are. */
export function trustRootIn(bytes: Uint8Array): TrustRoot | null {
  const parsed = parseTrustRoot(bytes);
  return parsed.ok ? parsed.root : null;
}

/** The signed head in this text. */
export function headIn(text: string): SignedCheckpoint | null {
  const parsed = parseCheckpoint(text);
  return parsed.ok ? parsed.checkpoint : null;
}

/** Null when the bytes are no receipt at all. */
export function inspectReceipt(bytes: Uint8Array, root: TrustRoot): Inspected | null {
  const decoded = decode(['receipt/1'], bytes);
  if (!decoded.ok) return null;
  const receipt = decoded.value;
  const walked = walkEpochs(root, receipt.epochs, verifier);
  const epochs = walked.ok ? walked.epochs : [root.epoch];
  const epoch = epochs.find(({ epoch: number }) => number === receipt.certificate.epoch);
  return {
    receipt,
    head: headIn(receipt.checkpoint),
    signatures: epoch ? countSignatures(receipt.certificate, epoch, verifier) : null,
  };
}

/** The way from the receipt's entry with this sequence number to its signed root. */
export function climbOf({ receipt, head }: Inspected, seq: number): Climb | null {
  const proven = receipt.entries.find(({ entry }) => entry.seq === seq);
  return proven && head ? climb(proven, head) : null;
}
