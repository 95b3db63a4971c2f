/**
 * Proving in this browser: the document is verified from the pinned trust root on, and a receipt
 * is opened for its drawings. The protocol code is big and comes when it is first asked for.
 */
import { getBytes } from '../../lib/api.ts';
import { trust, trustRootBytes, type Verification, verifyInBrowser } from '../../lib/verify.ts';
import type { Climb } from './inclusion.ts';
import type { Inspected } from './inspect.ts';
import type { SignatureCount } from './signatures.ts';

export interface Proof {
  readonly verification: Verification;
  /** For a receipt: whose signatures the certificate has. */
  readonly signatures: SignatureCount | null;
  readonly decisionId: string | null;
  /** The log's size when the receipt was made. */
  readonly size: number | null;
  /** The entries that the receipt proves. */
  readonly proven: ReadonlySet<number>;
  climbOf(seq: number): Climb | null;
}

export async function proveDecision(id: string): Promise<Proof> {
  return prove(await getBytes(`/audit/${id}/proof`));
}

export async function prove(bytes: Uint8Array): Promise<Proof> {
  const verification = await verifyInBrowser(bytes);
  const { climbOf, inspectReceipt, trustRootIn } = await import('./inspect.ts');
  const root = trustRootIn(await trustRootBytes());
  // Against a trust root that nobody accepted, a tick would say too much.
  const isReceipt = verification.kind === 'receipt' && !trust.isChanged;
  const inspected: Inspected | null = isReceipt && root ? inspectReceipt(bytes, root) : null;
  return {
    verification,
    signatures: inspected?.signatures ?? null,
    decisionId: inspected?.receipt.decisionId ?? null,
    size: inspected?.head?.size ?? null,
    proven: new Set(inspected?.receipt.entries.map(({ entry }) => entry.seq)),
    climbOf: (seq) => (inspected ? climbOf(inspected, seq) : null),
  };
}
