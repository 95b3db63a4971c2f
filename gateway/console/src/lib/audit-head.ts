/** The signed head of the region's audit log, read and verified in this browser. */
import { getBytes } from './api.ts';
import { type Verification, verifyInBrowser } from './verify.ts';

export interface AuditHead {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly verification: Verification;
}

export async function readAuditHead(): Promise<AuditHead> {
  const bytes = await getBytes('/audit/head');
  const verification = await verifyInBrowser(bytes);
  const { headIn } = await import('./verifier.ts');
  const { size, root } = headIn(new TextDecoder().decode(bytes));
  return { size, root, verification };
}
