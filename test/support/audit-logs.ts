/**
 * What a stopped data folder holds: the audit log of every region, and what the mock cluster did.
 *
 * Stores are read from a copy: opening one where it lies would seal it.
 */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppliedEnactment } from '#fabric/drivers/cluster.ts';
import { openLevelStore } from '#fabric/open.ts';
import { fromUtf8, toHex } from '#protocols/bytes.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';

export interface AuditLog {
  readonly region: string;
  readonly entries: readonly AuditEntry[];
  readonly size: number;
  /** The root, hex, when the log had so many entries. */
  rootAt(size: number): string;
  /** How many batches the store has committed. */
  readonly batches: number;
}

export async function readAuditLogs(dataDir: string): Promise<readonly AuditLog[]> {
  const logs: AuditLog[] = [];
  for (const region of (await readdir(join(dataDir, 'regions'))).sort()) {
    logs.push(await readAuditLog(dataDir, region));
  }
  return logs;
}

export async function readAuditLog(dataDir: string, region: string): Promise<AuditLog> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-it-log-'));
  try {
    await cp(join(dataDir, 'regions', region, 'store'), folder, { recursive: true });
    const store = await openLevelStore({ folder, identity: { federation: 'demo', region } });
    const tree = new MerkleTree();
    const entries: AuditEntry[] = [];
    try {
      for await (const [, bytes] of store.scan({ prefix: 'audit/' })) {
        tree.append(leafHash(bytes));
        entries.push(JSON.parse(fromUtf8(bytes)) as AuditEntry);
      }
    } finally {
      await store.close();
    }
    const rootAt = (size: number) => toHex(tree.rootAt(size));
    return { region, entries, size: tree.size, rootAt, batches: store.head().seq };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything the mock cluster ever applied, target by target. */
export async function appliedEnactments(dataDir: string): Promise<readonly AppliedEnactment[]> {
  const folder = join(dataDir, 'mock-cluster');
  const names = await readdir(folder, { recursive: true });
  const targets = names.filter((name) => name.endsWith('.json'));
  const found = targets.map(async (name) => {
    const target = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      enactments: AppliedEnactment[];
    };
    return target.enactments;
  });
  return (await Promise.all(found)).flat();
}
