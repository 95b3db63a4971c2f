/**
 * What the checks of a receipt share.
 *
 * Pure.
 */
import type { VerifiedRoots } from '../ballot/verified-roots.ts';
import type { MlDsa44Verifier, Verifier } from '../crypto.ts';
import type { Epoch } from '../messages/epoch.ts';
import type { Manifest } from '../messages/manifest.ts';
import type { Receipt } from '../messages/receipt.ts';

export interface ReceiptContext {
  readonly receipt: Receipt;
  readonly verifier: Verifier;
  readonly mlDsa44: MlDsa44Verifier;
  /** Votes of one turn are verified once. */
  readonly roots: VerifiedRoots;
  /** The trust root's epoch and those that the receipt leads to. */
  readonly epochs: readonly Epoch[];
  /** The epoch of the decision. */
  readonly epoch: Epoch;
  /** The certified manifest as it decodes; null for ABORT. */
  readonly manifest: Manifest | null;
}
