/**
 * What commands need without a running region: verifiers, trust roots, and a look at the audit
 * logs of a stopped data folder.
 *
 * A store is never opened where it lies: opening one that was not closed in order and closing
 * it again would seal it, and the next start would no longer ask the peers before it votes. So
 * a copy is opened.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '#fabric/host/ledger.ts';
import {
  createMetrics,
  nativeMlDsa44Verifier,
  nativeVerifier,
  openLevelStore,
  systemClock,
} from '#fabric/open.ts';
import { equalBytes } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { parseTrustRoot, type TrustRoot } from '#protocols/epochs/trust.ts';
import { QuorateError } from '#protocols/errors.ts';
import {
  type CheckpointVerifiers,
  parseCheckpoint,
  type SignedCheckpoint,
} from '#protocols/merkle/checkpoint.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';
import { decode } from '#protocols/messages/index.ts';

export interface AuditReport {
  readonly region: string;
  readonly ok: boolean;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly reason?: string;
}

/** Both verifiers, after their self-tests. */
export function openVerifiers(): CheckpointVerifiers {
  return { verifier: nativeVerifier(), mlDsa44: nativeMlDsa44Verifier() };
}

export function trustRootPath(dataDir: string): string {
  return join(dataDir, 'trust-root.json');
}

/** Reads a trust root file; without one nothing can be verified. */
export async function readTrustRoot(path: string): Promise<TrustRoot> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new QuorateError('config', `there is no trust root at ${path}`, { cause, field: path });
  }
  const parsed = parseTrustRoot(bytes);
  if (parsed.ok) return parsed.root;
  const where = parsed.field === '' ? '' : ` at ${parsed.field}`;
  throw new QuorateError('config', `${path} is not a trust root: ${parsed.reason}${where}`, {
    field: path,
  });
}

/** Whether the process that `quorate.pid` names still runs. */
export async function isHeld(dataDir: string): Promise<boolean> {
  try {
    const pid = Number((await readFile(join(dataDir, 'quorate.pid'), 'utf8')).trim());
    if (!Number.isInteger(pid) || pid < 1 || pid === process.pid) return false;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process cannot be signalled, but it runs.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Replays the store of every region of a stopped data folder and recomputes its log. */
export async function verifyAuditLogs(dataDir: string): Promise<readonly AuditReport[]> {
  const { federation } = await readTrustRoot(trustRootPath(dataDir));
  const folder = join(dataDir, 'regions');
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  const receipts = await headsOfReceipts(join(dataDir, 'receipts'));
  const reports: AuditReport[] = [];
  for (const region of names) {
    const store = join(folder, region, 'store');
    if (!existsSync(store)) continue;
    reports.push(await verifyCopy(store, { federation, region }, receipts));
  }
  return reports;
}

async function verifyCopy(
  store: string,
  identity: { readonly federation: string; readonly region: string },
  receipts: readonly KnownHead[],
): Promise<AuditReport> {
  const { region } = identity;
  const copy = await mkdtemp(join(tmpdir(), 'quorate-audit-'));
  try {
    await cp(store, copy, { recursive: true });
    return { region, ...(await verifyStore(copy, identity, receipts)) };
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    const reason = error.message.replaceAll(copy, store);
    return { region, ok: false, size: 0, root: '', reason };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function verifyStore(
  folder: string,
  identity: { readonly federation: string; readonly region: string },
  receipts: readonly KnownHead[],
): Promise<Omit<AuditReport, 'region'>> {
  const store = await openLevelStore({ folder, identity });
  try {
    const ledger = await Ledger.open({
      region: identity.region,
      store,
      clock: systemClock,
      metrics: createMetrics(),
      fatal: (error) => {
        throw error;
      },
    });
    const verified = await ledger.verify();
    if (!verified.ok) return { ...verified, reason: 'the tree does not match the entries' };
    const forked = await forkedReceipt(ledger, identity.region, receipts);
    return forked === null ? verified : { ...verified, ok: false, reason: forked };
  } finally {
    await store.close();
  }
}

/** A head that a receipt carries out of the system: the log may grow, but not change below it. */
interface KnownHead {
  readonly file: string;
  readonly checkpoint: SignedCheckpoint;
}

async function headsOfReceipts(folder: string): Promise<readonly KnownHead[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const heads: KnownHead[] = [];
  for (const file of names.filter((name) => name.endsWith('.json'))) {
    const receipt = decode(['receipt/1'], await readFile(join(folder, file)));
    const head = receipt.ok ? parseCheckpoint(receipt.value.checkpoint) : receipt;
    if (head.ok) heads.push({ file, checkpoint: head.checkpoint });
  }
  return heads;
}

/** A sentence about the first receipt whose head is not one of this log; null when all are. */
async function forkedReceipt(
  ledger: Ledger,
  region: string,
  receipts: readonly KnownHead[],
): Promise<string | null> {
  const tree = new MerkleTree();
  for await (const entry of ledger.entries()) {
    tree.append(leafHash(canonicalBytes(entry)));
  }
  for (const { file, checkpoint } of receipts) {
    if (!checkpoint.origin.endsWith(`/${region}`)) continue;
    const { size, root } = checkpoint;
    const isPrefix = size <= tree.size && equalBytes(tree.rootAt(size), root);
    if (!isPrefix) return `the log does not continue the head of receipts/${file}`;
  }
  return null;
}
